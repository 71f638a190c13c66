// Clocks of the simulated driver, and the races that they show.
#include "order.h"

#include <algorithm>

#include "state.h"

namespace fake {

namespace {

void join(Clock& into, const Clock& other) {
    for (auto [stream, number] : other) {
        uint64_t& own = into[stream];
        own = std::max(own, number);
    }
}

}  // namespace

Order& order() {
    static Order* only = new Order;
    return *only;
}

unsigned Order::new_stream() {
    std::lock_guard lock(mutex_);
    return ++n_streams_;
}

void Order::wait(Stream& stream, const Event& event) {
    std::lock_guard lock(mutex_);
    join(stream.clock, event.clock);
}

void Order::record(Event& event, Stream& stream) {
    std::lock_guard lock(mutex_);
    join(stream.clock, host_);
    event.clock = stream.clock;
}

void Order::follow(Stream& later, const Stream& earlier) {
    std::lock_guard lock(mutex_);
    join(later.clock, earlier.clock);
}

void Order::host_waits(const Stream& stream) {
    std::lock_guard lock(mutex_);
    join(host_, stream.clock);
}

void Order::host_waits(const Clock& clock) {
    std::lock_guard lock(mutex_);
    join(host_, clock);
}

void Order::host_waits_for_all() {
    std::lock_guard lock(mutex_);
    join(host_, all_);
}

bool Order::is_past(const Clock& clock, const Touch& touch) const {
    auto found = clock.find(touch.stream);
    return found != clock.end() && found->second >= touch.number;
}

void Order::check_freed(const Block& block) {
    std::lock_guard lock(mutex_);
    for (const Touch& touch : block.touches) {
        if (!is_past(host_, touch)) {
            fail("memory is freed that an operation may still use: the host has not waited for it");
        }
    }
}

Access::Access(Stream& stream) : stream_(stream) {
    Order& all = order();
    std::lock_guard lock(all.mutex_);
    // The host starts it behind all that it has waited for.
    join(stream_.clock, all.host_);
    number_ = ++stream_.clock[stream_.number];
    all.all_[stream_.number] = number_;
}

void Access::part_of(Block& block, const void* at, size_t len, Does does) {
    Order& all = order();
    std::lock_guard lock(all.mutex_);
    size_t begin = static_cast<const char*>(at) - block.begin, end = begin + len;
    // What the host has waited for is behind everybody.
    std::erase_if(block.touches, [&](const Touch& touch) { return all.is_past(all.host_, touch); });
    for (const Touch& touch : block.touches) {
        bool overlaps = touch.begin < end && begin < touch.end;
        bool conflicts = does == Does::Write || touch.does == Does::Write;
        if (overlaps && conflicts && !all.is_past(stream_.clock, touch)) {
            fail(does == Does::Write ? "a race: memory is written that another stream may still use"
                                     : "a race: memory is read that another stream may still write");
        }
    }
    block.touches.push_back({stream_.number, number_, begin, end, does});
}

void Access::all_of(Block& block, Does does) {
    part_of(block, block.begin, block.len, does);
}

}  // namespace fake
