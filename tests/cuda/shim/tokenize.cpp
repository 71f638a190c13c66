// kernels/src/tokenize/tokenize.cu, compiled for the processor.
#include "shim.h"
namespace tokenize_cu {
#include "../../../kernels/src/tokenize/tokenize.cu"
SHIM_KERNEL(tokenize_lookup, true)
SHIM_KERNEL(tokenize_short, true)
SHIM_KERNEL(tokenize_long, true)
SHIM_KERNEL(tokenize_count, false)
SHIM_KERNEL(tokenize_places, true)
SHIM_KERNEL(tokenize_write, true)
}  // namespace tokenize_cu
