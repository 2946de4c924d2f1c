#include "launch/report/write_page.h"

#include <memory>

#include "common/output_file.h"
#include "launch/report/html.h"

namespace chorus::launch {
bool IsPage(std::string_view text) { return text.starts_with(PageStart()); }

Status WritePage(FileSystem& files, const std::string& path, std::string_view page) {
  ASSIGN_OR_RETURN(const std::unique_ptr<OutputFile> out,
                   OutputFile::Replace(files, path, PageStart(), "page that chorus wrote"));
  RETURN_IF_ERROR(out->Append(page));
  return out->Commit();
}

}  // namespace chorus::launch
