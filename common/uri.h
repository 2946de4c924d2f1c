#pragma once
// Addresses of objects in other systems: "s3://bucket/day.parquet". Thread safety: pure functions.

#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace chorus {

// Whether `path` begins with a scheme of two letters or more and "://", so that it is no path of
// this machine.
bool IsUri(std::string_view path);

// The address without keys and passwords, for messages: without what is between "://" and '@', and
// with only those parts of a query that are known to hold no secret ("region=x").
std::string ShownUri(std::string_view uri);

// A text of somebody else about `uri` (not decoded) with the address's keys removed, where it holds
// the whole address or the keys alone, as they are written in it or decoded.
std::string WithoutKeys(std::string text, std::string_view uri);

// "%20" is a blank; a '%' that no two digits follow is itself.
std::string DecodedUri(std::string_view text);

// Two addresses name one object if and only if this text is the same for both: the address as it is ("a//b" and "a/b"
// are two objects), but without the user's keys and without the query, of which only the endpoint counts.
std::string IdentityOfUri(std::string_view uri);

// Paths as a command line that is shown has them: quoted where a shell needs it, addresses without
// keys.
std::string ShownArguments(const std::vector<std::string>& paths);

// Error if `path` is a URI, since nothing can be written there; the message says what to do.
Status CheckIsWritable(std::string_view path);

// Error if `path` is a URI, since only options that take inputs of an import can read one.
Status CheckIsLocal(std::string_view path);

}  // namespace chorus
