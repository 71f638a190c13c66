"""The simulated CUDA driver as a consumer of batches uses it: streams and events of
its own, and operations that take their time. It aborts the process where two of
them race, see tests/cuda/fake/order.h.
"""

import ctypes

from capsules import Managed, Versioned, api, opened


class Taken:
    """Memory as a consumer has it that took a capsule, until it calls the deleter."""

    def __init__(self, capsule):
        self.held = opened(capsule)
        names = {Managed: b"used_dltensor", Versioned: b"used_dltensor_versioned"}
        api.PyCapsule_SetName(capsule, names[type(self.held)])
        self.tensor = self.held.tensor
        self.address = self.tensor.data + self.tensor.byte_offset
        self.len_bytes = self.tensor.dtype.bits // 8
        for axis in range(self.tensor.ndim):
            self.len_bytes *= self.tensor.shape[axis]

    def bytes(self):
        """What lies there: memory of the simulated device is memory of the host."""
        return ctypes.string_at(self.address, self.len_bytes)

    def delete(self):
        # ctypes lets the interpreter go while it calls: the deleter does without.
        self.held.deleter(ctypes.addressof(self.held))


class Simulator:
    """Calls of the driver, each of which must succeed."""

    def __init__(self):
        self._lib = ctypes.CDLL("libcuda.so.1")
        self.call("cuInit", 0)
        name = ctypes.create_string_buffer(100)
        self.call("cuDeviceGetName", name, 100, 0)
        assert name.value == b"fuelrail CUDA simulator", name.value
        context = ctypes.c_void_p()
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), 0)
        self.context = context.value
        self.enter(context.value)

    def call(self, name, *arguments):
        code = getattr(self._lib, name)(*arguments)
        assert code == 0, (name, code)

    def enter(self, context):
        self.call("cuCtxSetCurrent", ctypes.c_void_p(context))

    def current(self):
        context = ctypes.c_void_p()
        self.call("cuCtxGetCurrent", ctypes.byref(context))
        return context.value

    def stream(self, flags=1):
        """A stream, which keeps away from the default streams unless flags is 0."""
        stream = ctypes.c_void_p()
        self.call("cuStreamCreate", ctypes.byref(stream), flags)
        return stream.value

    def destroy(self, stream):
        self.call("cuStreamDestroy_v2", ctypes.c_void_p(stream))

    def pinned(self, len_bytes):
        host = ctypes.c_void_p()
        self.call("cuMemHostAlloc", ctypes.byref(host), ctypes.c_size_t(len_bytes), 0)
        return host.value

    def memory(self, len_bytes):
        device = ctypes.c_uint64()
        self.call("cuMemAlloc_v2", ctypes.byref(device), ctypes.c_size_t(len_bytes))
        return device.value

    def copy_down(self, host, device, len_bytes, stream):
        arguments = ctypes.c_void_p(host), ctypes.c_uint64(device), ctypes.c_size_t(len_bytes), ctypes.c_void_p(stream)
        self.call("cuMemcpyDtoHAsync_v2", *arguments)

    def fill(self, device, byte, len_bytes, stream):
        arguments = ctypes.c_uint64(device), ctypes.c_ubyte(byte), ctypes.c_size_t(len_bytes), ctypes.c_void_p(stream)
        self.call("cuMemsetD8Async", *arguments)

    def synchronize(self, stream):
        self.call("cuStreamSynchronize", ctypes.c_void_p(stream))
