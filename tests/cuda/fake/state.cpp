// Memory, streams, events and faults of the simulated driver.
#include "state.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

namespace fake {

void fail(const std::string& why) {
    std::fprintf(stderr, "fuelrail CUDA simulator: %s\n", why.c_str());
    std::abort();
}

size_t option(const char* name, size_t otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

// Never destroyed: threads may still run when the process ends.
Faults& faults() {
    static Faults* all = new Faults;
    return *all;
}

Memory& memory() {
    static Memory* all = new Memory;
    return *all;
}

Counts& counts() {
    static Counts* all = new Counts;
    return *all;
}

std::vector<Faults::Fault> Faults::parsed() {
    std::vector<Fault> out;
    const char* text = std::getenv("FUELRAIL_FAKE_CUDA_FAIL");
    std::stringstream all(text ? text : "");
    for (std::string one; std::getline(all, one, ',');) {
        size_t colon = one.find(':');
        if (colon == std::string::npos) {
            fail("expected NUMBER:CODE or NAME:CODE, got " + one);
        }
        std::string what = one.substr(0, colon);
        size_t at = what.find('@');
        Fault fault{what.substr(0, at), 0, std::atoi(one.c_str() + colon + 1)};
        if (at != std::string::npos) {
            fault.number = std::atoi(what.c_str() + at + 1);
        } else if (std::isdigit(static_cast<unsigned char>(what[0]))) {
            fault = {"", static_cast<unsigned>(std::atoi(what.c_str())), fault.code};
        }
        out.push_back(fault);
    }
    return out;
}

int Faults::match(const char* name, unsigned number) {
    std::lock_guard lock(mutex_);
    unsigned of_name = ++n_by_name_[name];
    for (const Fault& fault : faults_) {
        bool hits = fault.name.empty()
                        ? fault.number == number
                        : fault.name == name && (fault.number == 0 || fault.number == of_name);
        if (hits) {
            if (fault.code >= 700) {
                sticky_ = fault.code;
            }
            return fault.code;
        }
    }
    return 0;
}

int Faults::enter(const char* name) {
    int code = match(name, ++n_calls_);
    return code != 0 ? code : sticky_.load();
}

int Faults::later(const char* name) {
    int code = match(name, 0);
    if (code != 0) {
        // Whatever fails late takes the context with it.
        sticky_ = code;
    }
    return sticky_;
}

void* Memory::allocate(Place place, size_t len) {
    size_t limit = place == Place::Device ? option("FUELRAIL_FAKE_CUDA_MEMORY", 1ull << 30)
                                          : option("FUELRAIL_FAKE_CUDA_PINNED", 1ull << 30);
    std::lock_guard lock(mutex_);
    size_t& used = used_[place == Place::Host];
    if (len > limit || used > limit - len) {
        return nullptr;
    }
    used += len;
    size_t align = place == Place::Device ? 512 : 4096;
    char* begin = static_cast<char*>(std::aligned_alloc(align, (len + align - 1) / align * align));
    // What nobody has written is no zero.
    std::memset(begin, 0xa5, len);
    auto block = std::make_shared<Block>();
    block->begin = begin;
    block->len = len;
    block->place = place;
    blocks_[begin] = block;
    return begin;
}

bool Memory::release(Place place, void* begin) {
    std::lock_guard lock(mutex_);
    auto found = blocks_.find(static_cast<char*>(begin));
    if (found == blocks_.end() || found->second->place != place) {
        return false;
    }
    Block& block = *found->second;
    if (block.n_users > 0) {
        fail("memory is freed while the device uses it");
    }
    if (faults().sticky() == 0) {
        order().check_freed(block);
    }
    used_[place == Place::Host] -= block.len;
    std::memset(block.begin, 0xdd, block.len);
    std::free(block.begin);
    blocks_.erase(found);
    return true;
}

Used Memory::use(Place place, const void* begin, size_t len, const char* why) {
    std::lock_guard lock(mutex_);
    const char* at = static_cast<const char*>(begin);
    auto next = blocks_.upper_bound(at);
    if (next != blocks_.begin()) {
        Used block = std::prev(next)->second;
        size_t offset = at - block->begin;
        if (block->place == place && offset <= block->len && len <= block->len - offset) {
            block->n_users++;
            return Used(block.get(), [block](Block* used) { used->n_users--; });
        }
    }
    fail(std::string(why) + ": not within an allocation");
}

size_t Memory::n_live() {
    std::lock_guard lock(mutex_);
    return blocks_.size();
}

void Event::pass(uint64_t number) {
    {
        std::lock_guard lock(mutex);
        n_passed = std::max(n_passed, number);
    }
    passed.notify_all();
}

void Event::wait(uint64_t number) {
    std::unique_lock lock(mutex);
    passed.wait(lock, [&] { return n_passed >= number; });
}

Stream::Stream(bool blocks) : is_blocking(blocks), thread_([this] { run(); }) {}

Stream::~Stream() {
    {
        std::lock_guard lock(mutex_);
        is_ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void Stream::push(std::function<void()> operation) {
    {
        std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(operation));
    }
    changed_.notify_all();
}

void Stream::wait_idle() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_.empty() && !is_busy_; });
}

// Ends when told to and nothing waits any more.
void Stream::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [&] { return is_ending_ || !waiting_.empty(); });
        if (waiting_.empty()) {
            return;
        }
        auto operation = std::move(waiting_.front());
        waiting_.pop_front();
        is_busy_ = true;
        lock.unlock();
        operation();
        // What it holds is let go before anybody may think it done.
        operation = nullptr;
        lock.lock();
        is_busy_ = false;
        changed_.notify_all();
    }
}

void run_late(const char* name, const std::function<void()>& operation) {
    static const size_t lag = option("FUELRAIL_FAKE_CUDA_LAG_US", 0);
    Counts& all = counts();
    unsigned n_running = ++all.n_running;
    for (unsigned most = all.most_running; most < n_running;) {
        if (all.most_running.compare_exchange_weak(most, n_running)) {
            break;
        }
    }
    if (lag > 0) {
        static thread_local unsigned random = 12345;
        random = random * 1664525u + 1013904223u;
        std::this_thread::sleep_for(std::chrono::microseconds(lag / 2 + (random >> 8) % lag));
    }
    if (faults().later(name) == 0) {
        operation();
    }
    --all.n_running;
}

}  // namespace fake
