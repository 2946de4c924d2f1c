#include "worker/columns/arrow_library.h"

#include <string_view>

#include "common/shared_library.h"
#include "common/strings.h"
#include "worker/columns/arrow_fingerprint.h"

namespace chorus::worker {
namespace {

constexpr std::string_view kRemedy =
    "Parquet, ORC, and objects by addresses like s3://, are read through Apache Arrow: build "
    "Chorus where CMake finds it (python3 -m "
    "pip install pyarrow, or the packages libarrow-dev and libparquet-dev; -DCHORUS_ARROW=ON says "
    "what it misses), or copy objects to files, and write rows as CSV or TFRecord";

template <typename Function>
Status Find(void* library, const std::string& name, const char* symbol, Function** out) {
  ASSIGN_OR_RETURN(void* const function, FindFunction(library, name,
                                                      {.what = "library",
                                                       .interface_symbol = kArrowInterfaceSymbol,
                                                       .interface = kArrowInterface,
                                                       .function_symbol = symbol}));
  *out = reinterpret_cast<Function*>(function);
  return Status::Ok();
}

}  // namespace

Result<ArrowLibrary> OpenArrowLibrary(const std::string& name) {
  const Result<void*> library = OpenSharedLibrary(name);
  if (library.status().code() == Code::kNotFound) {
    return NotFound(StrCat(kRemedy, " (", library.status().message(), ")"));
  }
  RETURN_IF_ERROR(library.status());
  ArrowLibrary found = {};
  RETURN_IF_ERROR(Find(*library, name, kArrowOpenSymbol, &found.open));
  RETURN_IF_ERROR(Find(*library, name, kArrowOpenObjectSymbol, &found.open_object));
  RETURN_IF_ERROR(Find(*library, name, kArrowListObjectsSymbol, &found.list_objects));
  RETURN_IF_ERROR(Find(*library, name, kArrowOpenWriterSymbol, &found.open_writer));
  return found;
}

}  // namespace chorus::worker
