// The simulated driver held to what its tests rest on: copies lag and are not
// to be read early, streams wait for events, and misuse aborts.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

extern "C" {
int cuInit(unsigned);
int cuDevicePrimaryCtxRetain(void**, int);
int cuCtxSetCurrent(void*);
int cuStreamCreate(void**, unsigned);
int cuStreamDestroy_v2(void*);
int cuStreamSynchronize(void*);
int cuStreamWaitEvent(void*, void*, unsigned);
int cuEventCreate(void**, unsigned);
int cuEventRecord(void*, void*);
int cuEventSynchronize(void*);
int cuMemAlloc_v2(uint64_t*, size_t);
int cuMemFree_v2(uint64_t);
int cuMemHostAlloc(void**, size_t, unsigned);
int cuMemFreeHost(void*);
int cuMemcpyHtoDAsync_v2(uint64_t, const void*, size_t, void*);
int cuMemcpyDtoHAsync_v2(void*, uint64_t, size_t, void*);
int cuMemcpyDtoDAsync_v2(uint64_t, uint64_t, size_t, void*);
int cuMemsetD8Async(uint64_t, unsigned char, size_t, void*);
int cuCtxGetCurrent(void**);
int cuCtxSynchronize();
int cuStreamIsCapturing(void*, int*);
}

namespace {

constexpr size_t LEN = 4096;

void expect(bool is_true, const char* what) {
    if (!is_true) {
        std::fprintf(stderr, "the simulator fails at: %s\n", what);
        std::abort();
    }
}

// Two streams, memory on both sides.
struct Setup {
    void *context, *up, *down, *event;
    unsigned char *src, *dst;
    uint64_t device;

    Setup() {
        int code = cuInit(0) | cuDevicePrimaryCtxRetain(&context, 0) | cuCtxSetCurrent(context);
        code |= cuStreamCreate(&up, 1) | cuStreamCreate(&down, 1) | cuEventCreate(&event, 1);
        code |= cuMemAlloc_v2(&device, LEN);
        code |= cuMemHostAlloc(reinterpret_cast<void**>(&src), LEN, 0);
        code |= cuMemHostAlloc(reinterpret_cast<void**>(&dst), LEN, 0);
        expect(code == 0, "setting up");
        std::memset(src, 7, LEN);
    }

    // Up, then down on another stream that waits for the event.
    void round_trip() {
        int code = cuMemcpyHtoDAsync_v2(device, src, LEN, up) | cuEventRecord(event, up);
        code |= cuStreamWaitEvent(down, event, 0) | cuMemcpyDtoHAsync_v2(dst, device, LEN, down);
        code |= cuEventRecord(event, down);
        expect(code == 0, "a round trip");
    }
};

void* const LEGACY = reinterpret_cast<void*>(1);
void* const PER_THREAD = reinterpret_cast<void*>(2);

// Two streams on the same bytes, the second behind nothing but what `between` does.
template <typename Between>
void write_after_read(Setup& at, Between between) {
    cuMemsetD8Async(at.device, 1, LEN, at.up);
    cuStreamSynchronize(at.up);
    cuMemcpyDtoHAsync_v2(at.dst, at.device, LEN / 2, at.down);
    between();
    expect(cuMemsetD8Async(at.device + LEN / 2 - 1, 2, 8, at.up) == 0, "a write");
    cuCtxSynchronize();
    expect(at.dst[LEN / 2 - 1] == 1, "a read before a write");
}

// Whether a child that does this is aborted.
template <typename Do>
bool aborts(Do act) {
    pid_t child = fork();
    if (child == 0) {
        std::freopen("/dev/null", "w", stderr);
        Setup setup;
        act(setup);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) != 0);
}

}  // namespace

int main() {
    setenv("FUELRAIL_FAKE_CUDA_LAG_US", "20000", 1);
    // Before this process starts the driver, which children may not do then.
    expect(!aborts([](Setup& at) { at.round_trip(), cuEventSynchronize(at.event); }), "a fair use");
    expect(aborts([](Setup& at) { at.round_trip(), cuMemFreeHost(at.dst); }), "freeing under a copy");
    expect(aborts([](Setup& at) { at.round_trip(), cuMemFree_v2(at.device); }), "freeing under a copy");
    expect(aborts([](Setup& at) { cuMemcpyHtoDAsync_v2(at.device, at.src, LEN + 1, at.up); }),
           "a copy beyond its memory");
    expect(aborts([](Setup& at) {
               std::vector<char> plain(LEN);
               cuMemcpyHtoDAsync_v2(at.device, plain.data(), LEN, at.up);
           }),
           "a copy from memory that is not pinned");
    expect(aborts([](Setup&) {
               void* at;
               cuMemHostAlloc(&at, LEN, 4);
           }),
           "write-combined memory");

    expect(aborts([](Setup& at) { write_after_read(at, [] {}); }), "a write that races with a read");
    expect(!aborts([](Setup& at) {
               write_after_read(at, [&] { cuEventRecord(at.event, at.down), cuStreamWaitEvent(at.up, at.event, 0); });
           }),
           "a write that waits for an event");
    expect(aborts([](Setup& at) {
               write_after_read(at, [&] { cuStreamWaitEvent(at.up, at.event, 0), cuEventRecord(at.event, at.down); });
           }),
           "an event that is recorded too late");
    expect(!aborts([](Setup& at) { write_after_read(at, [&] { cuStreamSynchronize(at.down); }); }),
           "a write behind what the host waited for");
    expect(!aborts([](Setup& at) { write_after_read(at, [] { cuCtxSynchronize(); }); }),
           "a write behind all of the device");
    expect(aborts([](Setup& at) {
               cuMemsetD8Async(at.device, 1, LEN, LEGACY), cuMemsetD8Async(at.device, 1, LEN, at.up);
           }),
           "a stream that does not wait for the default stream");
    expect(!aborts([](Setup& at) {
               void* blocking;
               cuStreamCreate(&blocking, 0);
               for (void* stream : {LEGACY, blocking, LEGACY, PER_THREAD, LEGACY, blocking}) {
                   expect(cuMemsetD8Async(at.device, 1, LEN, stream) == 0, "streams of the default rules");
               }
               cuStreamSynchronize(blocking);
           }),
           "streams that wait for the default stream");
    expect(aborts([](Setup& at) {
               cuMemsetD8Async(at.device, 1, LEN, at.up);
               cuEventRecord(at.event, at.down), cuEventSynchronize(at.event);
               cuMemFree_v2(at.device);
           }),
           "freeing what nobody waited for");
    expect(aborts([](Setup& at) { cuMemcpyDtoDAsync_v2(at.device, at.device + 8, 16, at.up); }),
           "a copy onto itself");

    Setup at;
    void* current = nullptr;
    expect(cuCtxGetCurrent(&current) == 0 && current == at.context, "the context of a thread");
    int captures = 1;
    expect(cuStreamIsCapturing(at.up, &captures) == 0 && captures == 0, "a stream that is not captured");
    at.round_trip();
#ifndef __SANITIZE_THREAD__
    // A race on purpose: the bytes are wrong before the copy has been made.
    expect(at.dst[0] != 7, "a read that is too early");
#endif
    expect(cuEventSynchronize(at.event) == 0, "waiting");
    expect(at.dst[0] == 7 && at.dst[LEN - 1] == 7, "a read in time");
#ifndef __SANITIZE_THREAD__
    at.round_trip();
    std::memset(at.src, 9, LEN);
    cuEventSynchronize(at.event);
    expect(at.dst[LEN - 1] == 9, "a source that is overwritten too early");
#endif
    // Any number of threads may call at once.
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++) {
        threads.emplace_back([] {
            Setup own;
            own.round_trip();
            expect(cuEventSynchronize(own.event) == 0 && own.dst[0] == 7, "a thread of several");
            cuStreamDestroy_v2(own.up), cuStreamDestroy_v2(own.down);
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    cuStreamDestroy_v2(at.up), cuStreamDestroy_v2(at.down);
    pid_t child = fork();
    if (child == 0) {
        _exit(cuInit(0) == 3 ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    expect(status == 0, "refusing a child of the process that started it");
    std::printf("the simulated driver is as strict as its tests need\n");
}
