#include "worker/columns/arrow_library.h"

#include <string_view>

#include "common/shared_library.h"
#include "common/strings.h"
#include "worker/columns/arrow_fingerprint.h"

namespace chorus::worker {
namespace {

constexpr std::string_view kRemedy =
    "Parquet and ORC are read through Apache Arrow: build Chorus where CMake finds it (python3 -m "
    "pip install pyarrow, or the packages libarrow-dev and libparquet-dev; -DCHORUS_ARROW=ON says "
    "what it misses), or write the rows as CSV or TFRecord";

}  // namespace

Result<ArrowLibrary> OpenArrowLibrary(const std::string& name) {
  const Result<void*> library = OpenSharedLibrary(name);
  if (library.status().code() == Code::kNotFound) {
    return NotFound(StrCat(kRemedy, " (", library.status().message(), ")"));
  }
  RETURN_IF_ERROR(library.status());
  ASSIGN_OR_RETURN(void* const function, FindFunction(*library, name,
                                                      {.what = "library",
                                                       .interface_symbol = kArrowInterfaceSymbol,
                                                       .interface = kArrowInterface,
                                                       .function_symbol = kArrowOpenSymbol}));
  return ArrowLibrary{reinterpret_cast<ChorusArrowOpenFunction*>(function)};
}

}  // namespace chorus::worker
