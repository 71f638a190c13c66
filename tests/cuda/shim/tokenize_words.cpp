// kernels/src/tokenize/tokenize_words.cu, compiled for the processor.
#include "shim.h"
namespace tokenize_words_cu {
#include "../../../kernels/src/tokenize/tokenize_words.cu"
SHIM_KERNEL(tokenize_maps, true)
SHIM_KERNEL(tokenize_states, true)
SHIM_KERNEL(tokenize_words, true)
}  // namespace tokenize_words_cu
