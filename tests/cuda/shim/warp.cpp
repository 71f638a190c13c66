// kernels/src/warp/warp.cu, compiled for the processor.
#include "shim.h"
namespace warp_cu {
#include "../../../kernels/src/warp/warp.cu"
SHIM_KERNEL(warp, false)
}  // namespace warp_cu
