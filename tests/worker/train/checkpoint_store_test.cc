#include "worker/train/checkpoint_store.h"

#include <gtest/gtest.h>

#include "tests/support/faulty_files.h"
#include "worker/log/manifest_schema.h"

namespace chorus::worker {
namespace {

class CheckpointStoreTest : public testing::Test {
 protected:
  // A folder with one file; complete with its manifest.
  std::string Make(uint64_t step, bool complete) {
    const std::string folder = CheckpointFolder("ckpt", step);
    EXPECT_TRUE(files_->CreateDirectories(folder).ok());
    EXPECT_TRUE(ReplaceFile(*files_, JoinPath(folder, "shard-00000.rows"), "rows").ok());
    CheckpointManifest manifest;
    manifest.set_version(1);
    manifest.set_step(step);
    CheckpointFile* const file = manifest.add_file();
    file->set_name("shard-00000.rows");
    file->set_bytes(4);
    file->set_checksum(Checksum("rows"));
    if (complete) {
      EXPECT_TRUE(WriteManifest(*files_, folder, manifest).ok());
    }
    return folder;
  }
  std::optional<std::string> Found(const std::string& path = "ckpt") {
    const auto found = FindCheckpoint(*files_, path);
    EXPECT_TRUE(found.ok());
    return found.ok() ? *found : std::nullopt;
  }

  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
};

TEST_F(CheckpointStoreTest, TheManifestKnowsTheColumnsAndHowTextBecomesThem) {
  LogSchema schema;
  schema.slots = {{"tags", "items", true, true, true}};
  schema.numerics = {{"price", false, true, 2, 0.5}};
  ImportSchema text;
  text.add_missing_marker("\xe2\x80\x94");
  text.add_slot()->set_separator("|");
  schema.text = text.SerializeAsString();
  CheckpointManifest manifest;
  manifest.set_version(1);
  SchemaToManifest(schema, &manifest);
  ASSERT_TRUE(files_->CreateDirectories("step").ok());
  ASSERT_TRUE(WriteManifest(*files_, "step", manifest).ok());
  const auto again = ReadManifest(*files_, "step");
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_TRUE(SchemaOfManifest(*again) == schema);
}

TEST_F(CheckpointStoreTest, ACheckpointIsThereWithItsNameAndTakesThePlaceOfWhatHadIt) {
  const std::string old = Make(9, true);
  const std::string written = WritingFolder("ckpt", 9, "2-00000002");
  CheckpointManifest manifest;
  manifest.set_version(1);
  manifest.set_stage(7);
  ASSERT_TRUE(WriteManifest(*files_, written, manifest).ok());
  EXPECT_EQ(Found(), old) << "not what is being written";
  ASSERT_TRUE(PublishCheckpoint(*files_, written, old).ok());
  EXPECT_EQ(ReadManifest(*files_, old)->stage(), 7u);
  EXPECT_FALSE(files_->Exists(JoinPath(old, "shard-00000.rows")));
  EXPECT_FALSE(files_->Exists(written));
}

// A removal may be undone by a loss of power, a rename may not. What is left of it is whole, and is
// removed later.
TEST_F(CheckpointStoreTest, ACheckpointIsNoneAnyMoreBeforeAnythingIsRemoved) {
  const std::string folder = Make(9, true);
  const auto faulty = NewFaultyFiles(*files_, {.failing_removes = true});
  EXPECT_FALSE(RemoveCheckpoint(*faulty, folder).ok());
  EXPECT_EQ(Found(), std::nullopt);
  EXPECT_FALSE(files_->Exists(folder));
  EXPECT_TRUE(files_->Exists(JoinPath(folder + ".removed", kManifestName)));
  Make(9, true);
  ASSERT_TRUE(RemoveCheckpoint(*files_, folder).ok()) << "that name is free for the next one";
  EXPECT_FALSE(files_->Exists(folder));
  EXPECT_FALSE(files_->Exists(folder + ".removed"));
}

TEST_F(CheckpointStoreTest, FindsTheNewestCompleteOne) {
  EXPECT_EQ(Found(), std::nullopt);
  Make(9, true);
  const std::string tenth = Make(10, true);
  Make(11, false);
  Make(1000, false);
  ASSERT_TRUE(files_->CreateDirectories("ckpt/step-nonsense").ok());
  ASSERT_TRUE(ReplaceFile(*files_, "ckpt/step-nonsense/MANIFEST", "x").ok());
  EXPECT_EQ(Found(), tenth);
  EXPECT_EQ(Found(tenth), tenth) << "the folder itself may be named";
  EXPECT_EQ(Found(CheckpointFolder("ckpt", 11)), std::nullopt);
}

TEST_F(CheckpointStoreTest, TheManifestReadsBackAndAnyDamageOfItIsDataLoss) {
  const std::string folder = Make(7, true);
  const auto manifest = ReadManifest(*files_, folder);
  ASSERT_TRUE(manifest.ok()) << manifest.status().ToString();
  EXPECT_EQ(manifest->step(), 7u);
  EXPECT_EQ(manifest->file(0).checksum(), Checksum("rows"));
  const std::string path = JoinPath(folder, kManifestName);
  const std::string bytes = *ReadWholeFile(*files_, path);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] ^= 1;
    ASSERT_TRUE(ReplaceFile(*files_, path, damaged).ok());
    EXPECT_EQ(ReadManifest(*files_, folder).status().code(), Code::kDataLoss) << "byte " << i;
    ASSERT_TRUE(ReplaceFile(*files_, path, bytes.substr(0, i)).ok());
    EXPECT_EQ(ReadManifest(*files_, folder).status().code(), Code::kDataLoss) << "cut at " << i;
  }
}

TEST_F(CheckpointStoreTest, AManifestOfAnotherVersionIsRefused) {
  const std::string folder = Make(7, false);
  CheckpointManifest manifest;
  manifest.set_version(2);
  ASSERT_TRUE(WriteManifest(*files_, folder, manifest).ok());
  const Status status = ReadManifest(*files_, folder).status();
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_NE(status.message().find("version 2"), std::string::npos) << status.ToString();
}

TEST_F(CheckpointStoreTest, VerifyNamesTheFileThatDiffers) {
  const std::string folder = Make(7, true);
  const CheckpointManifest manifest = *ReadManifest(*files_, folder);
  EXPECT_TRUE(VerifyFiles(*files_, folder, manifest).ok());
  for (const std::string bytes : {"rowt", "row", "rows "}) {
    ASSERT_TRUE(ReplaceFile(*files_, JoinPath(folder, "shard-00000.rows"), bytes).ok());
    const Status status = VerifyFiles(*files_, folder, manifest);
    EXPECT_EQ(status.code(), Code::kDataLoss);
    EXPECT_NE(status.message().find("shard-00000.rows"), std::string::npos) << status.ToString();
  }
  ASSERT_TRUE(files_->Remove(JoinPath(folder, "shard-00000.rows")).ok());
  EXPECT_EQ(VerifyFiles(*files_, folder, manifest).code(), Code::kNotFound);
}

TEST_F(CheckpointStoreTest, PruneKeepsTheNewestAndWhatIsBeingWritten) {
  for (const uint64_t step : {1, 2, 3, 4, 5}) Make(step, step != 3);
  Make(6, false);  // of a program that wrote in the step's own folder
  const std::string writing = WritingFolder("ckpt", 7, "1-00000001");
  ASSERT_TRUE(ReplaceFile(*files_, JoinPath(writing, "shard-00000.rows"), "rows").ok());
  ASSERT_TRUE(ReplaceFile(*files_, "ckpt/step-000000000001.removed/MANIFEST", "halfway").ok());
  ASSERT_TRUE(ReplaceFile(*files_, "ckpt/notes.txt", "mine").ok());
  const std::string written = CheckpointFolder("ckpt", 5);
  ASSERT_TRUE(PruneCheckpoints(*files_, "ckpt", 2, written).ok());
  EXPECT_EQ(*files_->List("ckpt"),
            (std::vector<std::string>{"notes.txt", "step-000000000004", "step-000000000005",
                                      BaseName(writing)}));
  ASSERT_TRUE(PruneCheckpoints(*files_, "ckpt", 2, written).ok());
  EXPECT_EQ(Found(), CheckpointFolder("ckpt", 5));
  EXPECT_TRUE(files_->Exists(writing));
}

TEST_F(CheckpointStoreTest, PruneLeavesTheOneJustWrittenWhateverElseLiesThere) {
  for (const uint64_t step : {2, 8, 9}) Make(step, true);
  ASSERT_TRUE(PruneCheckpoints(*files_, "ckpt", 2, CheckpointFolder("ckpt", 2)).ok());
  EXPECT_TRUE(ReadManifest(*files_, CheckpointFolder("ckpt", 2)).ok());
}

TEST_F(CheckpointStoreTest, ADirectoryThatCannotBeListedIsAnError) {
  Make(1, true);
  FaultPlan plan;
  plan.failing_lists = true;
  const auto files = NewFaultyFiles(*files_, plan);
  EXPECT_EQ(FindCheckpoint(*files, "ckpt").status().code(), Code::kInternal);
}

TEST_F(CheckpointStoreTest, AManifestThatCannotBeWrittenMakesNoCheckpoint) {
  const std::string old = Make(1, true);
  const std::string folder = Make(2, false);
  FaultPlan plans[3];
  plans[0].failing_write = 0;
  plans[1].failing_sync = 0;
  plans[2].failing_rename = 0;
  plans[0].write_half_first = true;
  for (const FaultPlan& plan : plans) {
    const auto faulty = NewFaultyFiles(*files_, plan);
    CheckpointManifest manifest;
    manifest.set_version(1);
    EXPECT_FALSE(WriteManifest(*faulty, folder, manifest).ok());
    EXPECT_EQ(Found(), old);
  }
}

}  // namespace
}  // namespace chorus::worker
