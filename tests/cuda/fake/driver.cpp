// A libcuda.so.1 that simulates a device on the processor: the part of the
// driver API that fuelrail calls. Streams are threads, so what is asynchronous
// there is so here; kernels are the .cu files compiled by the shim. It is
// stricter than a real driver: what would be a race or a stray access there
// aborts here, and where a copy to the host is still to come the host reads
// bytes that are wrong.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "../shim/shim.h"
#include "driver.h"

using namespace fake;

namespace {

// The CUDA version it claims, and the newest PTX that goes with it.
constexpr int VERSION = 12000;
constexpr int PTX_VERSION = 80;

// The buffers that an entry writes for others come last: destination and flags.
constexpr size_t FIRST_WRITTEN = 5;

bool is_device(int device) {
    return device >= 0 && device < driver().n_devices;
}

const char* error_name(int code) {
    switch (code) {
    case SUCCESS: return "CUDA_SUCCESS";
    case INVALID_VALUE: return "CUDA_ERROR_INVALID_VALUE";
    case OUT_OF_MEMORY: return "CUDA_ERROR_OUT_OF_MEMORY";
    case NOT_INITIALIZED: return "CUDA_ERROR_NOT_INITIALIZED";
    case NO_DEVICE: return "CUDA_ERROR_NO_DEVICE";
    case INVALID_CONTEXT: return "CUDA_ERROR_INVALID_CONTEXT";
    case UNSUPPORTED_PTX_VERSION: return "CUDA_ERROR_UNSUPPORTED_PTX_VERSION";
    case 700: return "CUDA_ERROR_ILLEGAL_ADDRESS";
    case 719: return "CUDA_ERROR_LAUNCH_FAILED";
    case 999: return "CUDA_ERROR_UNKNOWN";
    default: return "CUDA_ERROR_SIMULATED";
    }
}

// How many parameters an entry of a PTX text has, or -1.
int n_parameters(const std::string& text, const std::string& name) {
    size_t at = text.find(".entry " + name + "(");
    if (at == std::string::npos) {
        return -1;
    }
    int n = 0;
    size_t end = text.find(')', at);
    for (size_t found = text.find(".param ", at); found < end; n++) {
        found = text.find(".param ", found + 1);
    }
    return n;
}

// Counts for the test that started this process.
__attribute__((destructor)) void write_report() {
    const char* path = std::getenv("FUELRAIL_FAKE_CUDA_REPORT");
    if (path == nullptr || driver().pid != getpid()) {
        return;
    }
    std::FILE* file = std::fopen(path, "w");
    if (file == nullptr) {
        fail(std::string("cannot write ") + path);
    }
    size_t n_live = memory().n_live() + driver().streams.n_live() + driver().events.n_live() +
                    driver().modules.n_live() + driver().n_retained;
    std::fprintf(file, "calls=%u\nkernels=%u\nmost_at_once=%u\nspinning_waits=%u\nlive=%zu\n",
                 faults().n_calls(), counts().n_kernels.load(), counts().most_running.load(),
                 counts().n_spinning_waits.load(), n_live);
    std::fclose(file);
}

}  // namespace

Driver& fake::driver() {
    static Driver* only = new Driver;
    return *only;
}

void*& fake::current_context() {
    thread_local void* current = nullptr;
    return current;
}

int fake::enter(const char* name, bool needs_context) {
    if (int code = faults().enter(name)) {
        return code;
    }
    if (driver().pid != getpid()) {
        return NOT_INITIALIZED;
    }
    return needs_context && current_context() == nullptr ? INVALID_CONTEXT : SUCCESS;
}

// ---- errors, version, devices

API cuGetErrorName(int code, const char** name) {
    *name = error_name(code);
    return SUCCESS;
}

API cuGetErrorString(int code, const char** text) {
    *text = code == OUT_OF_MEMORY ? "out of memory" : "simulated";
    return SUCCESS;
}

API cuInit(unsigned flags) {
    pid_t none = 0;
    driver().pid.compare_exchange_strong(none, getpid());
    ENTER(, false)
    return flags != 0 ? INVALID_VALUE : driver().n_devices == 0 ? NO_DEVICE : SUCCESS;
}

API cuDriverGetVersion(int* version) {
    ENTER(, false)
    *version = VERSION;
    return SUCCESS;
}

API cuDeviceGetCount(int* n) {
    ENTER(, false)
    *n = driver().n_devices;
    return SUCCESS;
}

API cuDeviceGet(int* device, int ordinal) {
    ENTER(, false)
    *device = ordinal;
    return is_device(ordinal) ? SUCCESS : INVALID_DEVICE;
}

API cuDeviceGetName(char* name, int len, int device) {
    ENTER(, false)
    std::snprintf(name, len, "fuelrail CUDA simulator");
    return is_device(device) ? SUCCESS : INVALID_DEVICE;
}

API cuDeviceTotalMem_v2(size_t* len, int device) {
    ENTER(, false)
    *len = option("FUELRAIL_FAKE_CUDA_MEMORY", 1ull << 30);
    return is_device(device) ? SUCCESS : INVALID_DEVICE;
}

API cuDeviceGetPCIBusId(char* text, int len, int device) {
    ENTER(, false)
    std::snprintf(text, len, "0000:00:%02x.0", device & 0xff);
    return is_device(device) ? SUCCESS : INVALID_DEVICE;
}

API cuDeviceGetAttribute(int* value, int attribute, int device) {
    ENTER(, false)
    switch (attribute) {
    case 16: *value = 2; break;  // multiprocessors
    case 75: *value = 9; break;  // compute capability
    case 76: *value = 0; break;
    default: fail("an attribute it does not know: " + std::to_string(attribute));
    }
    return is_device(device) ? SUCCESS : INVALID_DEVICE;
}

// ---- contexts

API cuDevicePrimaryCtxRetain(void** context, int device) {
    ENTER(, false)
    if (!is_device(device)) {
        return INVALID_DEVICE;
    }
    driver().n_retained++;
    *context = reinterpret_cast<void*>(static_cast<intptr_t>(device + 1));
    return SUCCESS;
}

API cuDevicePrimaryCtxRelease_v2(int device) {
    ENTER(, false)
    if (!is_device(device) || driver().n_retained-- <= 0) {
        fail("a context is released that was not retained");
    }
    return SUCCESS;
}

API cuCtxSetCurrent(void* context) {
    ENTER(, false)
    current_context() = context;
    return SUCCESS;
}

API cuCtxGetCurrent(void** context) {
    ENTER(, false)
    *context = current_context();
    return SUCCESS;
}

API cuCtxSynchronize() {
    ENTER()
    for (const auto& stream : all_streams()) {
        stream->wait_idle();
    }
    if (int code = faults().sticky()) {
        return code;
    }
    order().host_waits_for_all();
    return SUCCESS;
}

// ---- memory

API cuMemAlloc_v2(uint64_t* device, size_t len) {
    ENTER()
    if (len == 0) {
        return INVALID_VALUE;
    }
    void* begin = memory().allocate(Place::Device, len);
    *device = reinterpret_cast<uint64_t>(begin);
    return begin ? SUCCESS : OUT_OF_MEMORY;
}

API cuMemFree_v2(uint64_t device) {
    ENTER()
    if (!memory().release(Place::Device, reinterpret_cast<void*>(device))) {
        fail("device memory is freed that was not allocated");
    }
    return SUCCESS;
}

API cuMemHostAlloc(void** host, size_t len, unsigned flags) {
    ENTER()
    if (flags & 4) {
        fail("pinned memory is asked for as write-combined, which is slow to read");
    }
    if (len == 0) {
        return INVALID_VALUE;
    }
    *host = memory().allocate(Place::Host, len);
    return *host ? SUCCESS : OUT_OF_MEMORY;
}

API cuMemFreeHost(void* host) {
    ENTER()
    if (!memory().release(Place::Host, host)) {
        fail("pinned memory is freed that was not allocated");
    }
    return SUCCESS;
}

// ---- modules and kernels

API cuModuleLoadData(void** module, const void* image) {
    ENTER()
    std::string text = static_cast<const char*>(image);
    size_t at = text.find(".version ");
    int major = 0, minor = 0;
    if (at == std::string::npos || std::sscanf(text.c_str() + at, ".version %d.%d", &major, &minor) != 2) {
        return INVALID_PTX;
    }
    if (major * 10 + minor > PTX_VERSION) {
        return UNSUPPORTED_PTX_VERSION;
    }
    *module = driver().modules.add(std::make_shared<Module>(Module{text}));
    return SUCCESS;
}

API cuModuleUnload(void* module) {
    ENTER()
    return driver().modules.remove(module) ? SUCCESS : INVALID_HANDLE;
}

API cuModuleGetFunction(void** function, void* handle, const char* name) {
    ENTER()
    auto module = driver().modules.get(handle);
    if (!module) {
        return INVALID_HANDLE;
    }
    int n = n_parameters(module->text, name);
    const shim::Entry* entry = shim::Entry::find(name);
    if (n < 0 || entry == nullptr) {
        return NOT_FOUND;
    }
    if (static_cast<size_t>(n) != entry->n_parameters) {
        fail(std::string("PTX and source differ in the parameters of ") + name);
    }
    *function = const_cast<shim::Entry*>(entry);
    return SUCCESS;
}

API cuLaunchKernel(void* function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                   unsigned block_x, unsigned block_y, unsigned block_z, unsigned, void* stream,
                   void** arguments, void** extra) {
    ENTER()
    auto on = stream_of(stream);
    if (!on) {
        return INVALID_HANDLE;
    }
    bool is_valid = grid_x > 0 && grid_x <= 0x7fffffffu && grid_y > 0 && grid_y <= 65535 &&
                    grid_z == 1 && block_x > 0 && block_x <= 1024 && block_y == 1 && block_z == 1;
    if (!is_valid || extra != nullptr) {
        return INVALID_VALUE;
    }
    auto* entry = static_cast<const shim::Entry*>(function);
    std::vector<Used> used;
    Access access(*on);
    for (size_t i = 0; i < entry->n_parameters; i++) {
        // Every parameter of our kernels is a pointer.
        void* pointer = *static_cast<void**>(arguments[i]);
        used.push_back(memory().use(Place::Device, pointer, 1, "an argument of a kernel"));
        // Jobs, records, tables and source are read, the last two are written; where
        // there is no scratch, the tables stand for it.
        access.all_of(*used.back(), i >= FIRST_WRITTEN ? Does::Write : Does::Read);
    }
    auto copied = entry->copy(arguments);
    on->push([=, used = std::move(used)] {
        counts().n_kernels++;
        run_late("kernel", [&] {
            entry->run({grid_x, grid_y, 1}, {block_x, 1, 1}, copied.get());
        });
    });
    return SUCCESS;
}
