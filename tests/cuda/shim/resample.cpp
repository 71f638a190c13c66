// kernels/src/resample/resample.cu, compiled for the processor.
#include "shim.h"
namespace resample_cu {
#include "../../../kernels/src/resample/resample.cu"
SHIM_KERNEL(resample, false)
}  // namespace resample_cu
