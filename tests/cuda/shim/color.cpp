// kernels/src/color/color.cu, compiled for the processor.
#include "shim.h"
namespace color_cu {
#include "../../../kernels/src/color/color.cu"
SHIM_KERNEL(color_means, true)
SHIM_KERNEL(color, false)
}  // namespace color_cu
