// kernels/src/normalize/normalize.cu, compiled for the processor.
#include "shim.h"
namespace normalize_cu {
#include "../../../kernels/src/normalize/normalize.cu"
SHIM_KERNEL(normalize_images, true)
SHIM_KERNEL(normalize_numbers, false)
SHIM_KERNEL(normalize_wide, false)
}  // namespace normalize_cu
