// kernels/src/lut/lut.cu, compiled for the processor.
#include "shim.h"
namespace lut_cu {
#include "../../../kernels/src/lut/lut.cu"
SHIM_KERNEL(lut, false)
}  // namespace lut_cu
