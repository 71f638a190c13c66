// kernels/src/gather/gather.cu, compiled for the processor.
#include "shim.h"
namespace gather_cu {
#include "../../../kernels/src/gather/gather.cu"
SHIM_KERNEL(gather, false)
}  // namespace gather_cu
