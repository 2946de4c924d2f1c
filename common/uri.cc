#include "common/uri.h"

#include <algorithm>
#include <cctype>

#include "common/strings.h"

namespace chorus {

bool IsUri(std::string_view path) {
  const size_t scheme = path.find("://");
  if (scheme == std::string_view::npos || scheme < 2) return false;
  if (std::isalpha(static_cast<unsigned char>(path[0])) == 0) return false;
  return std::all_of(
      path.begin(), path.begin() + static_cast<std::ptrdiff_t>(scheme),
      [](unsigned char c) { return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.'; });
}

std::string ShownUri(std::string_view uri) {
  if (!IsUri(uri)) return std::string(uri);
  const size_t begin = uri.find("://") + 3;
  const size_t end = std::min(uri.find_first_of("/?", begin), uri.size());
  const size_t user = uri.substr(begin, end - begin).rfind('@');
  if (user == std::string_view::npos) return std::string(uri);
  return StrCat(uri.substr(0, begin), "...", uri.substr(begin + user));
}

std::string ShownArguments(const std::vector<std::string>& paths) {
  std::vector<std::string> shown;
  for (const std::string& path : paths) {
    shown.push_back(IsUri(path) ? StrCat("'", ShownUri(path), "'") : path);
  }
  return Join(shown, " ");
}

Status CheckIsWritable(std::string_view path) {
  // "s3:/" is the folder that "s3://bucket" would be in.
  const bool is_folder_of_uri = path.ends_with(":/") && IsUri(std::string(path) + "/");
  if (!IsUri(path) && !is_folder_of_uri) return Status::Ok();
  return InvalidArgument(
      StrCat(ShownUri(path),
             ": inputs of an import are read from such addresses, and nothing is "
             "written there: name a local path, and copy what is written (aws s3 "
             "cp --recursive)"));
}

Status CheckIsLocal(std::string_view path) {
  if (!IsUri(path)) return Status::Ok();
  return InvalidArgument(StrCat(ShownUri(path),
                                ": inputs of an import are read from such addresses, and nothing "
                                "else: copy it to a local file first (aws s3 cp)"));
}

}  // namespace chorus
