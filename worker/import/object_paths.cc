#include "worker/import/object_paths.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <string_view>

#include "common/strings.h"
#include "common/uri.h"
#include "worker/columns/arrow_object.h"
#include "worker/import/wildcard.h"

namespace chorus::worker {
namespace {

// "s3://bucket", "/day/*.csv", "?region=eu-west-1".
struct UriParts {
  std::string_view host, path, query;
};

UriParts PartsOf(std::string_view uri) {
  const size_t query = std::min(uri.find('?'), uri.size());
  const size_t path = std::min(uri.find('/', uri.find("://") + 3), query);
  return {uri.substr(0, path), uri.substr(path, query - path), uri.substr(query)};
}

// Bytes that a path of a URI cannot have, as %20.
std::string EscapedPath(std::string_view path) {
  constexpr std::string_view kPlain = "-._~!$&'()*+,;=:@/";
  std::string out;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || kPlain.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "%%%02X", static_cast<unsigned>(byte));
      out.append(escaped);
    }
  }
  return out;
}

// Whether the object's path below the folder is one that the pattern, or a folder that it matches,
// stands for. Hidden names count nowhere.
bool IsMeant(const std::vector<std::string>& pattern, const std::string& name) {
  const std::vector<std::string> pieces = chorus::Split(name, '/');
  const auto hidden = [](const std::string& piece) {
    return piece.starts_with('.') || piece.starts_with('_');
  };
  if (std::any_of(pieces.begin(), pieces.end(), hidden) || pieces.size() < pattern.size()) {
    return false;
  }
  return std::equal(pattern.begin(), pattern.end(), pieces.begin(), &MatchesWildcard);
}

}  // namespace

Result<std::vector<std::string>> ExpandObjectUri(const std::string& uri) {
  const UriParts parts = PartsOf(uri);
  if (parts.host.find('*') != std::string_view::npos) {
    return InvalidArgument(
        StrCat(ShownUri(uri), ": * stands for names below a bucket, not for buckets"));
  }
  std::string_view folder = parts.path;
  std::vector<std::string> pattern;
  if (const size_t star = folder.find('*'); star != std::string_view::npos) {
    folder = folder.substr(0, folder.rfind('/', star));
    pattern = chorus::Split(std::string(parts.path.substr(folder.size() + 1)), '/');
    std::erase(pattern, "");
    // As the names are that it is compared with.
    for (std::string& piece : pattern) piece = DecodedUri(piece);
  }
  while (folder.ends_with('/')) folder.remove_suffix(1);
  const std::string begin = StrCat(parts.host, folder);
  ASSIGN_OR_RETURN(const std::vector<std::string> names,
                   ListArrowObjects(StrCat(begin, folder.empty() ? "/" : "", parts.query)));
  std::vector<std::string> expanded;
  for (const std::string& name : names) {
    if (name.empty()) {  // it names an object
      if (pattern.empty()) expanded.push_back(uri);
    } else if (IsMeant(pattern, name)) {
      expanded.push_back(StrCat(begin, "/", EscapedPath(name), parts.query));
    }
  }
  if (!expanded.empty()) return expanded;
  return NotFound(StrCat(ShownUri(uri), pattern.empty()
                                            ? ": the folder holds no object (names that begin with "
                                              "'.' or '_' do not count)"
                                            : ": no object matches"));
}

}  // namespace chorus::worker
