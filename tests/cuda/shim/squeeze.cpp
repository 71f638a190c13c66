// kernels/src/squeeze/squeeze.cu, compiled for the processor.
#include "shim.h"
namespace squeeze_cu {
#include "../../../kernels/src/squeeze/squeeze.cu"
SHIM_KERNEL(squeeze_count, true)
SHIM_KERNEL(squeeze_scan, true)
SHIM_KERNEL(squeeze_edges, false)
SHIM_KERNEL(squeeze_write, true)
}  // namespace squeeze_cu
