// What the files of the simulated driver share: its codes, its handles, and what
// every call does first.
#pragma once

#include <unistd.h>

#include <atomic>

#include "order.h"
#include "state.h"

#define API extern "C" __attribute__((visibility("default"))) int

namespace fake {

enum Code {
    SUCCESS = 0,
    INVALID_VALUE = 1,
    OUT_OF_MEMORY = 2,
    NOT_INITIALIZED = 3,
    NO_DEVICE = 100,
    INVALID_DEVICE = 101,
    INVALID_CONTEXT = 201,
    INVALID_PTX = 218,
    UNSUPPORTED_PTX_VERSION = 222,
    INVALID_HANDLE = 400,
    NOT_FOUND = 500,
    NOT_READY = 600,
};

struct Module {
    std::string text;
};

struct Driver {
    std::atomic<pid_t> pid = 0;
    int n_devices = static_cast<int>(option("FUELRAIL_FAKE_CUDA_DEVICES", 1));
    std::atomic<int> n_retained = 0;
    Handles<Stream> streams;
    Handles<Event> events;
    Handles<Module> modules;
};

Driver& driver();

// The context of this thread; contexts are devices counted from 1.
void*& current_context();

// The checks that every call makes.
int enter(const char* name, bool needs_context = true);

#define ENTER(...)                             \
    if (int code = enter(__func__ __VA_ARGS__)) { \
        return code;                           \
    }

// The stream that a handle stands for: 0 and 1 are the legacy default stream, 2 is
// that of this thread. Null where it is none. What is pushed to it from now on
// comes when the rules of the default stream let it.
std::shared_ptr<Stream> stream_of(void* handle);

// All streams, the default ones too.
std::vector<std::shared_ptr<Stream>> all_streams();

}  // namespace fake
