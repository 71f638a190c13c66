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

    Setup at;
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
