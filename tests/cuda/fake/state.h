// What the simulated driver knows: its options, its memory, its streams.
//
// Options, all from the environment:
//   FUELRAIL_FAKE_CUDA_DEVICES  how many devices there are (1)
//   FUELRAIL_FAKE_CUDA_LAG_US   microseconds by which copies and kernels lag (0)
//   FUELRAIL_FAKE_CUDA_MEMORY   bytes of memory of a device (1 GiB)
//   FUELRAIL_FAKE_CUDA_PINNED   bytes of pinned memory (1 GiB)
//   FUELRAIL_FAKE_CUDA_FAIL     what fails, with which code, comma-separated:
//                               17:700 the 17th call; NAME:2 every call of a
//                               name; NAME@3:2 the third. The names `copy`,
//                               `memset` and `kernel` are what runs later.
//   FUELRAIL_FAKE_CUDA_REPORT   a file that gets counts when the process ends
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "order.h"

namespace fake {

// A use that no real driver would be known to survive: says so and aborts.
[[noreturn]] void fail(const std::string& why);

size_t option(const char* name, size_t otherwise);

// Decides which calls fail. Codes from 700 on stay, as a lost context does.
class Faults {
public:
    // The code with which this call fails, or 0.
    int enter(const char* name);
    // The same for what runs later.
    int later(const char* name);
    unsigned n_calls() const { return n_calls_; }
    int sticky() const { return sticky_; }

private:
    struct Fault {
        std::string name;
        unsigned number;
        int code;
    };
    int match(const char* name, unsigned number);
    static std::vector<Fault> parsed();

    std::mutex mutex_;
    std::vector<Fault> faults_ = parsed();
    std::map<std::string, unsigned> n_by_name_;
    std::atomic<unsigned> n_calls_ = 0;
    std::atomic<int> sticky_ = 0;
};

enum class Place { Device, Host };

// An allocation; operations under way keep it in use.
struct Block {
    char* begin;
    size_t len;
    Place place;
    std::atomic<int> n_users = 0;
    // What operations did with it, but those that the host has waited for.
    std::vector<Touch> touches;
};

using Used = std::shared_ptr<Block>;

class Memory {
public:
    // Null if there is not as much left.
    void* allocate(Place place, size_t len);
    // Whether there was such an allocation.
    bool release(Place place, void* begin);
    // The allocation that holds all of this; aborts if there is none.
    Used use(Place place, const void* begin, size_t len, const char* why);
    size_t n_live();

private:
    std::mutex mutex_;
    std::map<const char*, Used> blocks_;
    size_t used_[2] = {0, 0};
};

// Counts what was recorded and what of it has come to pass.
struct Event {
    explicit Event(bool blocks) : is_blocking(blocks) {}
    const bool is_blocking;
    std::mutex mutex;
    std::condition_variable passed;
    uint64_t n_recorded = 0;
    uint64_t n_passed = 0;
    // What it was last recorded behind.
    Clock clock;

    void pass(uint64_t number);
    void wait(uint64_t number);
};

// A thread that does one operation after another.
class Stream {
public:
    explicit Stream(bool blocks);
    ~Stream();
    // Its number, and what comes in it is behind.
    const unsigned number = order().new_stream();
    Clock clock;
    // Whether it keeps to the rules of the legacy default stream.
    const bool is_blocking;
    void push(std::function<void()> operation);
    void wait_idle();

private:
    void run();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> waiting_;
    bool is_busy_ = false;
    bool is_ending_ = false;
    std::thread thread_;
};

// What handles stand for, so that a stale one is told from a live one.
template <typename T>
class Handles {
public:
    void* add(std::shared_ptr<T> object) {
        std::lock_guard lock(mutex_);
        void* handle = object.get();
        live_[handle] = std::move(object);
        return handle;
    }

    std::shared_ptr<T> get(const void* handle) {
        std::lock_guard lock(mutex_);
        auto found = live_.find(handle);
        return found == live_.end() ? nullptr : found->second;
    }

    std::shared_ptr<T> remove(const void* handle) {
        std::lock_guard lock(mutex_);
        auto found = live_.extract(handle);
        return found.empty() ? nullptr : found.mapped();
    }

    std::vector<std::shared_ptr<T>> all() {
        std::lock_guard lock(mutex_);
        std::vector<std::shared_ptr<T>> found;
        for (const auto& [handle, object] : live_) {
            found.push_back(object);
        }
        return found;
    }

    size_t n_live() {
        std::lock_guard lock(mutex_);
        return live_.size();
    }

private:
    std::mutex mutex_;
    std::map<const void*, std::shared_ptr<T>> live_;
};

// Runs an operation late; counts how many run at once; skips it once a fault
// has lost the context.
void run_late(const char* name, const std::function<void()>& operation);

// What is told of a whole process.
struct Counts {
    std::atomic<unsigned> n_kernels = 0;
    std::atomic<unsigned> n_running = 0;
    std::atomic<unsigned> most_running = 0;
    std::atomic<unsigned> n_spinning_waits = 0;
};

Faults& faults();
Memory& memory();
Counts& counts();

}  // namespace fake
