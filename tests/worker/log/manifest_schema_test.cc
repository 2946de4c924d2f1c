#include "worker/log/manifest_schema.h"

#include <gtest/gtest.h>

namespace chorus::worker {
namespace {

// A log of two slots and a numeric column, and how text becomes them.
LogSchema Schema() {
  LogSchema schema;
  schema.slots = {{"a", "space", true, true, true}, {"b", "b", false, false, false}};
  schema.numerics = {{"n", true, true, 0.1, 3.5}};
  ImportSchema text;
  text.add_slot()->set_separator("|");
  schema.text = text.SerializeAsString();
  return schema;
}

TEST(ManifestSchemaTest, ColumnsAndTextReadBack) {
  CheckpointManifest manifest;
  SchemaToManifest(Schema(), &manifest);
  EXPECT_EQ(SchemaOfManifest(manifest), Schema());
  manifest.clear_text();
  EXPECT_EQ(SchemaOfManifest(manifest).text, "");
}

TEST(ManifestSchemaTest, AnExportHasTheColumnsOfItsCheckpoint) {
  CheckpointManifest checkpoint;
  SchemaToManifest(Schema(), &checkpoint);
  ExportManifest manifest;
  *manifest.mutable_source()->mutable_slot() = checkpoint.slot();
  *manifest.mutable_source()->mutable_numeric() = checkpoint.numeric();
  EXPECT_EQ(SchemaOfManifest(manifest).text, "");
  *manifest.mutable_text() = checkpoint.text();
  EXPECT_EQ(SchemaOfManifest(manifest), Schema());
}

TEST(ManifestSchemaTest, ATextThatDoesNotParseIsNotThere) {
  LogSchema schema = Schema();
  schema.text = "\xff";
  CheckpointManifest manifest;
  SchemaToManifest(schema, &manifest);
  EXPECT_FALSE(manifest.has_text());
}

}  // namespace
}  // namespace chorus::worker
