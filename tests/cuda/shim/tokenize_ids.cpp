// kernels/src/tokenize/tokenize_ids.cu, compiled for the processor.
#include "shim.h"
namespace tokenize_ids_cu {
#include "../../../kernels/src/tokenize/tokenize_ids.cu"
SHIM_KERNEL(tokenize_lookup, true)
SHIM_KERNEL(tokenize_short, true)
SHIM_KERNEL(tokenize_long, true)
SHIM_KERNEL(tokenize_count, false)
SHIM_KERNEL(tokenize_places, true)
SHIM_KERNEL(tokenize_write, true)
}  // namespace tokenize_ids_cu
