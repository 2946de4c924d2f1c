// Which fields of a schema are rules of all cells.

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "common/config.pb.h"
#include "worker/log/cell_rules.h"

namespace chorus::worker {
namespace {

using google::protobuf::FieldDescriptor;

// Every field of ImportSchema is in one of these. A model is scored by the first ones alone, and is
// told from another one by them: what is a rule of all cells belongs there, and into RulesOfCells.
const std::set<std::string> kRulesOfCells = {"decimal_ids", "missing_marker", "trim"};
const std::set<std::string> kOthers = {"block_rows",
                                       "click",
                                       "conversion",
                                       "cross",
                                       "delimiter",
                                       "escape",
                                       "exclude",
                                       "file_rows",
                                       "format",
                                       "group",
                                       "header",
                                       "numeric",
                                       "other_columns_are_slots",
                                       "row_id",
                                       "row_id_text",
                                       "slot",
                                       "time",
                                       "unclicked_conversion",
                                       "weight"};

void Write(const FieldDescriptor* field, ImportSchema* schema) {
  const google::protobuf::Reflection& reflection = *schema->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      if (field->is_repeated()) return reflection.AddString(schema, field, "x");
      return reflection.SetString(schema, field, "x");
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.SetBool(schema, field, true);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.SetUInt32(schema, field, 7);
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection.SetUInt64(schema, field, 7);
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection.SetEnumValue(schema, field, 2);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      reflection.AddMessage(schema, field);
      return;
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_DOUBLE:
      FAIL() << field->name() << ": a field of a type that ImportSchema had not: write it here";
  }
}

TEST(RulesOfCellsTest, EveryFieldOfASchemaIsARuleOfAllCellsOrOneOfTheOthers) {
  const google::protobuf::Descriptor& type = *ImportSchema::descriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const std::string& name = type.field(i)->name();
    EXPECT_EQ(kRulesOfCells.count(name) + kOthers.count(name), 1u) << name;
  }
  EXPECT_EQ(kRulesOfCells.size() + kOthers.size(), static_cast<size_t>(type.field_count()));
}

TEST(RulesOfCellsTest, RulesOfCellsKeepTheRulesAndNothingElse) {
  ImportSchema schema;
  const google::protobuf::Descriptor& type = *ImportSchema::descriptor();
  for (int i = 0; i < type.field_count(); ++i) Write(type.field(i), &schema);
  const ImportSchema rules = RulesOfCells(schema);
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* const field = type.field(i);
    const bool is_there = field->is_repeated() ? rules.GetReflection()->FieldSize(rules, field) > 0
                                               : rules.GetReflection()->HasField(rules, field);
    EXPECT_EQ(is_there, kRulesOfCells.count(field->name()) > 0) << field->name();
  }
  EXPECT_TRUE(rules.trim());
  EXPECT_EQ(rules.decimal_ids(), ImportSchema::AS_TEXT);
  EXPECT_EQ(rules.missing_marker(0), "x");
}

}  // namespace
}  // namespace chorus::worker
