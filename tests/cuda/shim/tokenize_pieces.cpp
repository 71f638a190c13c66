// kernels/src/tokenize/tokenize_pieces.cu, compiled for the processor.
#include "shim.h"
namespace tokenize_pieces_cu {
#include "../../../kernels/src/tokenize/tokenize_pieces.cu"
SHIM_KERNEL(tokenize_whole, true)
SHIM_KERNEL(tokenize_pieces, true)
}  // namespace tokenize_pieces_cu
