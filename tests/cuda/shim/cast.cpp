// kernels/src/cast/cast.cu, compiled for the processor.
#include "shim.h"
namespace cast_cu {
#include "../../../kernels/src/cast/cast.cu"
SHIM_KERNEL(cast, false)
}  // namespace cast_cu
