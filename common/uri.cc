#include "common/uri.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstddef>

#include "common/shell_word.h"
#include "common/strings.h"

namespace chorus {

namespace {

// Parts of a query that say where an object is, and hold no secret.
constexpr std::array<std::string_view, 8> kShownKeys = {
    "region", "scheme",  "endpoint_override", "partitions",
    "start",  "columns", "on_lost",           "wait_seconds"};
// A shorter text is no key, and may be a piece of any word.
constexpr size_t kLeastKeyBytes = 4;

bool IsShown(std::string_view part) {
  const size_t equals = part.find('=');
  if (equals == std::string_view::npos) return false;
  const bool has_user =
      part.find('@') != std::string_view::npos || DecodedUri(part).find('@') != std::string::npos;
  return !has_user && std::find(kShownKeys.begin(), kShownKeys.end(), part.substr(0, equals)) !=
                          kShownKeys.end();
}

struct UriPieces {
  size_t begin = 0;             // of what is behind "://"
  std::string_view user = {};   // "key:secret"; null where there is none
  std::string_view place = {};  // "@bucket/key", or "bucket/key" where there is no user
  std::vector<std::string_view> query = {};  // "name=value"
};

bool IsOfBuckets(std::string_view scheme) {
  return scheme == "s3" || scheme == "gs" || scheme == "gcs";
}

// Whether a ':' in `authority` ("host:80,host:81") is followed by something that is no port. The
// names of buckets have no port either.
bool HasKey(std::string_view scheme, std::string_view authority) {
  for (const std::string& host : Split(authority, ',')) {
    const size_t bracket = host.rfind(']');  // of an address of IPv6, which has ':' in it
    const size_t colon = host.find(':', bracket == std::string::npos ? 0 : bracket);
    if (colon == std::string::npos) continue;
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto port = host.begin() + static_cast<std::ptrdiff_t>(colon + 1);
    if (IsOfBuckets(scheme) || !std::all_of(port, host.end(), is_digit)) return true;
  }
  return false;
}

// Secret keys of AWS may have '/' in them, which should be written as %2F and often is not: such a
// user goes up to the last '@', and up to the end where there is none.
UriPieces PiecesOf(std::string_view uri) {
  const size_t scheme = uri.find("://");
  UriPieces pieces{.begin = scheme + 3};
  std::string_view rest = uri.substr(pieces.begin);
  std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  size_t user = authority.rfind('@');
  if (user == std::string_view::npos && HasKey(uri.substr(0, scheme), authority)) {
    user = std::min(rest.rfind('@'), rest.size());
  }
  if (user != std::string_view::npos) {
    pieces.user = rest.substr(0, user);
    rest.remove_prefix(user);
  }
  const size_t query = std::min(rest.find('?'), rest.size());
  pieces.place = rest.substr(0, query);
  if (query == rest.size()) return pieces;
  for (std::string_view left = rest.substr(query + 1); true;) {
    const size_t end = std::min(left.find('&'), left.size());
    pieces.query.push_back(left.substr(0, end));
    if (end == left.size()) return pieces;
    left.remove_prefix(end + 1);
  }
}

void ReplaceEach(std::string_view what, std::string_view by, std::string* text) {
  for (size_t at = 0; (at = text->find(what, at)) != std::string::npos; at += by.size()) {
    text->replace(at, what.size(), by);
  }
}

}  // namespace

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
  const UriPieces pieces = PiecesOf(uri);
  std::string shown(uri.substr(0, pieces.begin));
  if (pieces.user.data() != nullptr) shown += "...";
  shown += pieces.place;
  char before = '?';
  for (const std::string_view part : pieces.query) {
    shown.push_back(before);
    shown += IsShown(part) ? part : "...";
    before = '&';
  }
  return shown;
}

std::string IdentityOfUri(std::string_view uri) {
  const UriPieces pieces = PiecesOf(uri);
  std::string identity(uri.substr(0, pieces.begin));
  std::string_view place = pieces.place;
  if (place.starts_with('@') && IsOfBuckets(identity.substr(0, pieces.begin - 3))) {
    place.remove_prefix(1);
  } else {
    identity += pieces.user;  // of abfs://container@account/a it says which container
  }
  identity += place;
  for (const std::string_view part : pieces.query) {
    if (part.starts_with("endpoint_override=")) identity += StrCat("?", part);
  }
  return identity;
}

std::string WithoutKeys(std::string text, std::string_view uri) {
  if (!IsUri(uri)) return text;
  ReplaceEach(uri, ShownUri(uri), &text);
  const UriPieces pieces = PiecesOf(uri);
  std::vector<std::string_view> hidden = {pieces.user};
  const size_t colon = std::min(pieces.user.find(':'), pieces.user.size());
  hidden.push_back(pieces.user.substr(0, colon));
  hidden.push_back(pieces.user.substr(std::min(colon + 1, pieces.user.size())));
  for (const std::string_view part : pieces.query) {
    if (!IsShown(part)) hidden.push_back(part.substr(part.find('=') + 1));
  }
  for (const std::string_view key : hidden) {
    if (key.size() < kLeastKeyBytes) continue;
    ReplaceEach(key, "...", &text);
    ReplaceEach(DecodedUri(key), "...", &text);
  }
  return text;
}

std::string DecodedUri(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char* const digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      out.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string ShownArguments(const std::vector<std::string>& paths) {
  std::vector<std::string> shown;
  for (const std::string& path : paths) {
    shown.push_back(IsUri(path) ? ShellQuoted(ShownUri(path)) : ShellWord(path));
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
