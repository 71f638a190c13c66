// What is ordered before what: a clock for each stream and one for the host, worked
// out as calls are made. So two operations on the same bytes of which neither is
// ordered before the other are found, however threads happen to run.
//
// All threads of the host count as one: what they tell one another is not seen
// here, so a race between two of them is not either.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

namespace fake {

struct Block;
class Stream;
struct Event;

// Of each stream, by its number, how many operations are past.
using Clock = std::map<unsigned, uint64_t>;

enum class Does { Read, Write };

// One operation's use of a part of an allocation.
struct Touch {
    unsigned stream;
    uint64_t number;
    size_t begin, end;
    Does does;
};

class Order {
public:
    unsigned new_stream();
    // What comes in `stream` is behind all that the event was recorded behind.
    void wait(Stream& stream, const Event& event);
    void record(Event& event, Stream& stream);
    // What comes in `later` is behind all that is in `earlier`.
    void follow(Stream& later, const Stream& earlier);
    void host_waits(const Stream& stream);
    void host_waits(const Clock& clock);
    void host_waits_for_all();
    // Aborts where an operation on the allocation may still run for all that the
    // host has waited for.
    void check_freed(const Block& block);

private:
    friend class Access;
    bool is_past(const Clock& clock, const Touch& touch) const;

    std::mutex mutex_;
    unsigned n_streams_ = 0;
    Clock host_;
    // All operations that there are.
    Clock all_;
};

Order& order();

// One operation that is pushed to a stream now. What it uses is held against what
// others do with the same bytes, and aborts where that is a race.
class Access {
public:
    explicit Access(Stream& stream);
    void part_of(Block& block, const void* begin, size_t len, Does does);
    void all_of(Block& block, Does does);

private:
    Stream& stream_;
    uint64_t number_;
};

}  // namespace fake
