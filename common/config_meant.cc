// What a misspelt name or value of a configuration may have meant.
#include <vector>

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

}  // namespace

std::string NoSuchField(const std::string& name, const Descriptor& type) {
  const std::string fields = InsteadOf(name, type);
  const bool moved = !fields.starts_with("known fields: ");
  return "no such field" +
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
