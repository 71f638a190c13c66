// Streams and events of the simulated driver, and what runs in them but kernels:
// copies and memsets.
#include <cstdint>
#include <cstring>
#include <mutex>

#include "driver.h"

using namespace fake;

namespace {

// Handles of the driver's header: CU_STREAM_LEGACY and CU_STREAM_PER_THREAD.
constexpr uintptr_t LEGACY = 1;
constexpr uintptr_t PER_THREAD = 2;

// The default streams of threads, which come and go with them.
Handles<Stream>& of_threads() {
    static Handles<Stream>* all = new Handles<Stream>;
    return *all;
}

struct OfThread {
    std::shared_ptr<Stream> stream = std::make_shared<Stream>(true);
    void* handle = of_threads().add(stream);
    ~OfThread() { of_threads().remove(handle); }
};

std::shared_ptr<Stream> legacy() {
    static auto* only = new std::shared_ptr<Stream>(std::make_shared<Stream>(true));
    return *only;
}

// What comes in `later` waits for all that is in `earlier`.
void follow(const std::shared_ptr<Stream>& later, const std::shared_ptr<Stream>& earlier) {
    auto point = std::make_shared<Event>(true);
    earlier->push([point] { point->pass(1); });
    later->push([point] { point->wait(1); });
    order().follow(*later, *earlier);
}

// The legacy stream waits for all blocking streams, and these for it.
void keep_default_rules(const std::shared_ptr<Stream>& on) {
    static std::mutex mutex;
    std::lock_guard lock(mutex);
    if (on != legacy()) {
        if (on->is_blocking) {
            follow(on, legacy());
        }
        return;
    }
    for (const auto& other : all_streams()) {
        if (other->is_blocking && other != on) {
            follow(on, other);
        }
    }
}

int copy(Place to, void* dst, Place from, const void* src, size_t len, void* stream) {
    auto on = stream_of(stream);
    if (!on) {
        return INVALID_HANDLE;
    }
    Used written = memory().use(to, dst, len, "a copy writes");
    Used read = memory().use(from, src, len, "a copy reads");
    Access access(*on);
    access.part_of(*read, src, len, Does::Read);
    access.part_of(*written, dst, len, Does::Write);
    if (to == Place::Host) {
        // Who reads before the copy has been made reads this.
        std::memset(dst, 0xee, len);
    }
    on->push([=, written = std::move(written), read = std::move(read)] {
        run_late("copy", [&] { std::memcpy(dst, src, len); });
    });
    return SUCCESS;
}

}  // namespace

std::shared_ptr<Stream> fake::stream_of(void* handle) {
    thread_local std::shared_ptr<OfThread> of_thread;
    std::shared_ptr<Stream> found;
    switch (reinterpret_cast<uintptr_t>(handle)) {
    case 0:
    case LEGACY: found = legacy(); break;
    case PER_THREAD:
        of_thread = of_thread ? of_thread : std::make_shared<OfThread>();
        found = of_thread->stream;
        break;
    default: found = driver().streams.get(handle);
    }
    if (found) {
        keep_default_rules(found);
    }
    return found;
}

std::vector<std::shared_ptr<Stream>> fake::all_streams() {
    auto all = driver().streams.all();
    auto others = of_threads().all();
    all.insert(all.end(), others.begin(), others.end());
    all.push_back(legacy());
    return all;
}

// ---- copies and memsets

API cuMemcpyHtoDAsync_v2(uint64_t dst, const void* src, size_t len, void* stream) {
    ENTER()
    return copy(Place::Device, reinterpret_cast<void*>(dst), Place::Host, src, len, stream);
}

API cuMemcpyDtoHAsync_v2(void* dst, uint64_t src, size_t len, void* stream) {
    ENTER()
    return copy(Place::Host, dst, Place::Device, reinterpret_cast<void*>(src), len, stream);
}

API cuMemcpyDtoDAsync_v2(uint64_t dst, uint64_t src, size_t len, void* stream) {
    ENTER()
    if (dst < src + len && src < dst + len) {
        fail("a copy on the device whose ends overlap");
    }
    return copy(Place::Device, reinterpret_cast<void*>(dst), Place::Device,
                reinterpret_cast<void*>(src), len, stream);
}

API cuMemsetD8Async(uint64_t dst, unsigned char value, size_t len, void* stream) {
    ENTER()
    auto on = stream_of(stream);
    if (!on) {
        return INVALID_HANDLE;
    }
    void* to = reinterpret_cast<void*>(dst);
    Used written = memory().use(Place::Device, to, len, "a memset writes");
    Access(*on).part_of(*written, to, len, Does::Write);
    on->push([=, written = std::move(written)] {
        run_late("memset", [&] { std::memset(to, value, len); });
    });
    return SUCCESS;
}

// ---- streams

API cuStreamCreate(void** stream, unsigned flags) {
    ENTER()
    if (flags > 1) {
        return INVALID_VALUE;
    }
    *stream = driver().streams.add(std::make_shared<Stream>(flags == 0));
    return SUCCESS;
}

API cuStreamDestroy_v2(void* stream) {
    ENTER()
    return driver().streams.remove(stream) ? SUCCESS : INVALID_HANDLE;
}

API cuStreamSynchronize(void* stream) {
    ENTER()
    auto on = stream_of(stream);
    if (!on) {
        return INVALID_HANDLE;
    }
    on->wait_idle();
    if (int code = faults().sticky()) {
        return code;
    }
    order().host_waits(*on);
    return SUCCESS;
}

API cuStreamWaitEvent(void* stream, void* handle, unsigned) {
    ENTER()
    auto on = stream_of(stream);
    auto event = driver().events.get(handle);
    if (!on || !event) {
        return INVALID_HANDLE;
    }
    std::lock_guard lock(event->mutex);
    order().wait(*on, *event);
    on->push([event, number = event->n_recorded] { event->wait(number); });
    return SUCCESS;
}

// No stream is ever being captured here.
API cuStreamIsCapturing(void* stream, int* status) {
    ENTER()
    *status = 0;
    return stream_of(stream) ? SUCCESS : INVALID_HANDLE;
}

// ---- events

API cuEventCreate(void** event, unsigned flags) {
    ENTER()
    *event = driver().events.add(std::make_shared<Event>(flags & 1));
    return SUCCESS;
}

API cuEventDestroy_v2(void* event) {
    ENTER()
    return driver().events.remove(event) ? SUCCESS : INVALID_HANDLE;
}

API cuEventRecord(void* handle, void* stream) {
    ENTER()
    auto on = stream_of(stream);
    auto event = driver().events.get(handle);
    if (!on || !event) {
        return INVALID_HANDLE;
    }
    std::lock_guard lock(event->mutex);
    order().record(*event, *on);
    on->push([event, number = ++event->n_recorded] { event->pass(number); });
    return SUCCESS;
}

API cuEventSynchronize(void* handle) {
    ENTER()
    auto event = driver().events.get(handle);
    if (!event) {
        return INVALID_HANDLE;
    }
    counts().n_spinning_waits += !event->is_blocking;
    uint64_t number;
    Clock clock;
    {
        std::lock_guard lock(event->mutex);
        number = event->n_recorded;
        clock = event->clock;
    }
    event->wait(number);
    if (int code = faults().sticky()) {
        return code;
    }
    order().host_waits(clock);
    return SUCCESS;
}
