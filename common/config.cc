#include "common/config.h"

#include "common/config_internal.h"
#include "common/file.h"
#include "common/strings.h"

namespace chorus {
namespace internal {

void Origins::Replace(const std::string& path, std::string place) {
  const std::string below = path + ".";
  std::erase_if(places_, [&](const auto& entry) { return entry.first.starts_with(below); });
  places_[path] = std::move(place);
}

const std::string& Origins::Of(std::string path) const {
  while (true) {
    if (const auto place = places_.find(path); place != places_.end()) return place->second;
    const size_t dot = path.rfind('.');
    path.resize(dot == std::string::npos ? 0 : dot);
  }
}

std::string Under(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : StrCat(path, ".", name);
}

Status FieldError(const std::string& place, const std::string& path, std::string_view problem) {
  return InvalidArgument(path.empty() ? StrCat(place, ": ", problem)
                                      : StrCat(place, ": ", path, ": ", problem));
}

Status ReadConfig(const std::string& path, const std::vector<std::string>& sets,
                  google::protobuf::Message* config, Origins* origins) {
  config->Clear();
  if (!path.empty()) {
    ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(PosixFiles(), path));
    RETURN_IF_ERROR(ParseText(path, text, "", config, origins));
  }
  for (const std::string& set : sets) RETURN_IF_ERROR(ApplySet(set, config, origins));
  return Status::Ok();
}

}  // namespace internal

Status LoadConfig(const std::string& path, const std::vector<std::string>& sets,
                  google::protobuf::Message* config) {
  internal::Origins origins(path.empty() ? "configuration" : path);
  RETURN_IF_ERROR(internal::ReadConfig(path, sets, config, &origins));
  internal::FillDefaults(config);
  return internal::CheckAllowed(*config, "", origins);
}

Status CompleteConfig(const std::string& where, google::protobuf::Message* config) {
  internal::FillDefaults(config);
  return internal::CheckAllowed(*config, "", internal::Origins(where));
}

Status ApplySets(const std::vector<std::string>& sets, google::protobuf::Message* config) {
  internal::Origins origins("configuration");
  for (const std::string& set : sets) RETURN_IF_ERROR(internal::ApplySet(set, config, &origins));
  return Status::Ok();
}

}  // namespace chorus
