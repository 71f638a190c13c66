// kernels/src/blend/blend.cu, compiled for the processor.
#include "shim.h"
namespace blend_cu {
#include "../../../kernels/src/blend/blend.cu"
SHIM_KERNEL(blend, false)
}  // namespace blend_cu
