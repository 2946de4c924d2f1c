#pragma once
// Addresses of objects in other systems: "s3://bucket/day.parquet". Thread safety: pure functions.

#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace chorus {

// Whether `path` begins with a scheme of two letters or more and "://": no path of this machine.
bool IsUri(std::string_view path);

// Without keys and passwords, for messages: without what is between "://" and '@', and without the
// parts of a query but those that are known to hold none ("region=x").
std::string ShownUri(std::string_view uri);

// What somebody else says of `uri` (not decoded), without the keys of it: the whole address, or its
// keys alone, as they are written in it or decoded.
std::string WithoutKeys(std::string text, std::string_view uri);

// "%20" is a blank; a '%' that no two digits follow is itself.
std::string DecodedUri(std::string_view text);

// By what it is known that two addresses name one object: as they are, "a//b" and "a/b" are two
// keys, but without keys of a bucket's users and without the query, of which the endpoint alone counts.
std::string IdentityOfUri(std::string_view uri);

// Paths as a command line that is shown has them: addresses in quotes, without keys.
std::string ShownArguments(const std::vector<std::string>& paths);

// Error: `path` is a URI, where nothing is written; says what to do.
Status CheckIsWritable(std::string_view path);

// Error: `path` is a URI, where only what takes inputs of an import reads.
Status CheckIsLocal(std::string_view path);

}  // namespace chorus
