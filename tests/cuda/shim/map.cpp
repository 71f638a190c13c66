// kernels/src/map/map.cu, compiled for the processor.
#include "shim.h"
namespace map_cu {
#include "../../../kernels/src/map/map.cu"
SHIM_KERNEL(map, false)
}  // namespace map_cu
