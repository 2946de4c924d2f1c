#pragma once
// From the arguments of an import to inputs that can be opened, once or several times.
// Thread safety: none.

#include <string>
#include <vector>

#include "common/file.h"
#include "common/status.h"
#include "worker/import/text_table.h"

namespace chorus::worker {

// Inputs for `paths`; "-", or no path at all, is the open descriptor `standard_input`. With
// spool_path not empty, standard input is first copied to that file, byte by byte as it comes, so
// that it can be opened again.
//
// A directory stands for the files in it and below, by name, except those whose names begin with
// '.' or '_' (Hadoop's _SUCCESS, .crc and the like). A path that is not there and has "*" or "?" in
// it stands for what matches, by name. An address like s3://bucket/day is an object, or all those
// below it (object_paths.h).
//
// Errors: kInvalidArgument when standard input or a file is named twice, by links too; kNotFound
// when a file is not there, or a directory or pattern stands for none.
Result<std::vector<TextInput>> MakeInputs(FileSystem& files, const std::vector<std::string>& paths,
                                          int standard_input, const std::string& spool_path);

// Where the copy of standard input is in an import's folder; and its removal, if it is there.
std::string SpoolPath(const std::string& folder);
Status RemoveSpool(FileSystem& files, const std::string& spool_path);

}  // namespace chorus::worker
