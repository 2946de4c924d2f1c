// The name or value that a misspelt one in a configuration may have meant.
#include <vector>

#include "common/config.pb.h"
#include "common/config_internal.h"
#include "common/nearest_word.h"
#include "common/strings.h"

namespace chorus::internal {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

std::vector<std::string> NamesOfFields(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return names;
}

// A file that contains nothing but such a message, and the option that takes it.
struct WholeFile {
  const Descriptor* type;
  const char* what;
};

// "; it is a field of a schema (chorus import --schema)", for a name that only other kinds of files have, since one was
// mistaken for another; "" for other names.
std::string OfOtherFile(const std::string& name, const Descriptor& type) {
  const WholeFile files[] = {
      {TrainConfig::descriptor(), "a training job (chorus train --config)"},
      {ImportSchema::descriptor(), "a schema (chorus import --schema)"},
      {CompareConfig::descriptor(), "a comparison (chorus compare --config)"},
      {GenerateConfig::descriptor(), "a generated world (chorus generate --config)"}};
  bool is_whole = false;
  std::vector<std::string> owners;
  for (const WholeFile& file : files) {
    is_whole = is_whole || file.type == &type;
    if (file.type->FindFieldByName(name) != nullptr) owners.emplace_back(file.what);
  }
  if (!is_whole || owners.empty()) return "";
  return StrCat("; it is a field of ", Join(owners, ", or of "), ": is it the right file?");
}

}  // namespace

std::string NoSuchField(const std::string& name, const Descriptor& type) {
  const std::string fields = InsteadOf(name, type);
  const bool moved = !fields.starts_with("known fields: ");
  return "no such field" + OfOtherFile(name, type) +
         InsteadOfWord(name, moved ? std::vector<std::string>() : NamesOfFields(type), fields);
}

std::string InsteadOfValue(std::string_view written, const FieldDescriptor& field) {
  std::vector<std::string> words;
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    for (int i = 1; i < field.enum_type()->value_count(); ++i) {
      words.push_back(field.enum_type()->value(i)->name());
    }
  } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
    words = {"true", "false"};
  }
  return InsteadOfWord(written, words, WhatIsAllowed(field));
}

}  // namespace chorus::internal
