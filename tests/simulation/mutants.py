#!/usr/bin/env python3
"""Whether the simulator finds what it is for: known mistakes, in a copy of the program, one at a time.

  mutants.py SOURCE COPY [--seeds 1000] [--only TEXT] [--first 1]

  mutants.py SOURCE --check     # whether each still finds its place in the program, without a build

Clones SOURCE as COPY, unless it is there, and puts all mistakes below into it, each asleep until its name stands in an
environment variable; so there is one build. Then simulation_run tries each over seeds until one fails. Prints the seed
and what it saw; exit 1 if a mistake is not found.
"""

import argparse
import pathlib
import re
import subprocess
import sys

# name: file, text of the program, text that a mistake makes of it; or a list of these. M: the mistake is awake.
MUTANTS = {
    "drop the dedup of pushes": (
        "ps/held_steps.cc",
        "return state != nullptr && state->workers[meta.worker()].request != nullptr;",
        "return !M && state != nullptr && state->workers[meta.worker()].request != nullptr;"),
    "ask for the duplicate once only": (
        "ps/server_step.cc",
        "if (!steps_.IsDuplicate(request->meta)) RETURN_IF_ERROR(steps_.Add(std::move(request)));",
        "if (M || !steps_.IsDuplicate(request->meta)) RETURN_IF_ERROR(steps_.Add(std::move(request)));"),
    "forget a reply to a repetition": (
        "ps/server_step.cc",
        "    out->push_back({respond, ReplyOf(*state, worker)});\n",
        "    if (!M) out->push_back({respond, ReplyOf(*state, worker)});\n"),
    "answer only who asked first": (
        "ps/server_step.cc",
        "  state->workers[worker].waiting.push_back(respond);\n",
        "  if (!M || state->workers[worker].waiting.empty()) state->workers[worker].waiting.push_back(respond);\n"),
    "read before apply": (
        "ps/server_step.cc",
        "      if (status.ok()) status = shard.LookUp(state.get());\n",
        "      if (status.ok() && !M) status = shard.LookUp(state.get());\n"),
    "apply a gradient twice": (
        "ps/server_step.cc",
        "    status = owner->Apply(*state, keys_of);\n",
        "    status = owner->Apply(*state, keys_of);\n"
        "    if (M && status.ok()) status = owner->Apply(*state, keys_of);\n"),
    "tell of a shard's file before it is synced": (
        "ps/snapshot_writer.cc",
        "  RETURN_IF_ERROR(file->file->Append(trailer));\n  RETURN_IF_ERROR(file->file->Sync());\n",
        "  RETURN_IF_ERROR(file->file->Append(trailer));\n"
        "  if (M) { wire::SnapshotFileMeta early; early.set_name(ShardFileName(block.shard));\n"
        "    early.set_bytes(file->bytes); early.set_checksum(file->checksum.value()); early.set_rows(block.rows);\n"
        "    MutexLock lock(mutex_); if (block.step == step_) done_[block.shard] = std::move(early); }\n"
        "  RETURN_IF_ERROR(file->file->Sync());\n"),
    "do not sync a shard's file": (
        "ps/snapshot_writer.cc",
        "  RETURN_IF_ERROR(file->file->Sync());\n",
        "  if (!M) RETURN_IF_ERROR(file->file->Sync());\n"),
    "rename before sync": (
        "common/file.cc",
        "  RETURN_IF_ERROR(file->Sync());\n",
        "  if (!M) RETURN_IF_ERROR(file->Sync());\n"),
    "write in place": (
        "common/file.cc",
        "  const std::string temporary = StrCat(path, \".tmp\");\n",
        "  if (M) return WriteAndSync(files, path, data);\n"
        "  const std::string temporary = StrCat(path, \".tmp\");\n"),
    "save no rows that were pulled ahead": (
        "ps/server_step.cc",
        "        pending.push_back(steps_.Find(s));\n",
        "        pending.push_back(M ? state : steps_.Find(s));\n"),
    "copy no row aside": (
        "ps/shard_snapshot.cc",
        "  if (table < table_ || index >= state.size || !row->saved()) return;\n",
        "  if (M) { row->snapshot = 0; return; }\n"
        "  if (table < table_ || index >= state.size || !row->saved()) return;\n"),
    "restore rows without their checksums": (
        "ps/restore.cc",
        "  ASSIGN_OR_RETURN(const uint64_t checksum, file->Verify());\n"
        "  RETURN_IF_ERROR(CheckListed(source.meta, shard, checksum).Annotate(path));\n",
        "  if (!M) {\n  ASSIGN_OR_RETURN(const uint64_t checksum, file->Verify());\n"
        "  RETURN_IF_ERROR(CheckListed(source.meta, shard, checksum).Annotate(path));\n  }\n"),
    "restore towers without their checksums": [
        ("worker/train/checkpoint_store.cc",
         "  RETURN_IF_ERROR(CheckFile(path, bytes, *entry));\n",
         "  if (!M) RETURN_IF_ERROR(CheckFile(path, bytes, *entry));\n"),
        ("worker/train/dense_state.cc",
         "  if (Checksum(bytes) != checksum) return",
         "  if (!M && Checksum(bytes) != checksum) return")],
    "remove a checkpoint under its own name": (
        "worker/train/checkpoint_store.cc",
        "  RETURN_IF_ERROR(files.Rename(folder, removed));\n",
        "  RETURN_IF_ERROR(M ? files.Remove(JoinPath(folder, kManifestName)) : files.Rename(folder, removed));\n"
        "  if (M) return files.RemoveRecursively(folder);\n"),
    "take a folder without a manifest": (
        "worker/train/checkpoint_store.cc",
        "  return files.Exists(JoinPath(folder, kManifestName));\n",
        "  return files.Exists(JoinPath(folder, M ? kDenseName : kManifestName));\n"),
    "remove the last checkpoint before the next is complete": (
        "worker/train/checkpointer.cc",
        "  RETURN_IF_ERROR(WriteManifest(files_, pending_->directory, manifest));\n",
        "  if (M) (void)PruneCheckpoints(files_, config_.directory(), config_.keep() - 1, pending_->directory);\n"
        "  RETURN_IF_ERROR(WriteManifest(files_, pending_->directory, manifest));\n"),
    "write the manifest before all names are safe": [
        ("worker/train/checkpointer.cc",
         "  RETURN_IF_ERROR(WriteManifest(files_, pending_->directory, manifest));\n",
         "  const std::string early = CheckpointFolder(config_.directory(), pending_->step);\n"
         "  if (M) RETURN_IF_ERROR(PublishCheckpoint(files_, pending_->directory, early));\n"
         "  RETURN_IF_ERROR(WriteManifest(files_, M ? early : pending_->directory, manifest));\n"),
        ("worker/train/checkpointer.cc",
         "  RETURN_IF_ERROR(PublishCheckpoint(files_, pending_->directory, folder));\n",
         "  if (!M) RETURN_IF_ERROR(PublishCheckpoint(files_, pending_->directory, folder));\n")],
    "write the manifest before the towers": (
        "worker/train/checkpointer.cc",
        "        return WriteDenseState(files_, folder, kept);\n",
        "        if (M) { const std::string bytes = EncodeDenseState(kept); CheckpointFile early;\n"
        "          early.set_name(kDenseName); early.set_bytes(bytes.size()); early.set_checksum(Checksum(bytes));\n"
        "          std::thread([this, folder, kept] { (void)WriteDenseState(files_, folder, kept); }).detach();\n"
        "          return Result<CheckpointFile>(early); }\n"
        "        return WriteDenseState(files_, folder, kept);\n"),
    "change files without a look at the claim": (
        "worker/train/checkpoint_claim.cc",
        "  for (int look = 0; look < kMostLooks; ++look) {\n",
        "  if (M) return Status::Ok();\n"
        "  for (int look = 0; look < kMostLooks; ++look) {\n"),
    "write two jobs' checkpoints in one folder": (
        "worker/train/checkpoint_store.cc",
        "  return StrCat(CheckpointFolder(directory, step), kWritingMark, claim);\n",
        "  return StrCat(CheckpointFolder(directory, step), kWritingMark, M ? \"1-1\" : claim);\n"),
    "do not ask again after a reconnect": (
        "common/tcp_channel.cc",
        "  for (const auto& [id, call] : calls_.all()) Send(id, call.request);\n",
        "  if (!M) for (const auto& [id, call] : calls_.all()) Send(id, call.request);\n"),
    "believe a frame without its checksum": (
        "common/frame_codec.cc",
        "  if (HashPieces({&part, 1}, checksums_) != part_checksum_) {\n",
        "  if (!M && HashPieces({&part, 1}, checksums_) != part_checksum_) {\n"),
    "go on with a broken connection's frame": (
        "common/tcp_channel.cc",
        "  phase_ = Phase::kIdle;\n  if (was_connecting && TryNextEndpoint(why)) return StartConnecting();\n",
        "  phase_ = Phase::kIdle;\n"
        "  if (M && why.code() == Code::kUnavailable && !was_connecting) return calls_.FailAll(why);\n"
        "  if (was_connecting && TryNextEndpoint(why)) return StartConnecting();\n"),
    "wake nobody when a step is done": (
        "worker/servers/server_calls.cc",
        "  changed_.notify_all();\n",
        "  if (!M) changed_.notify_all();\n"),
    "answer a restore before it is done": (
        "ps/server_control.cc",
        "  auto work = std::make_shared<SharedWork>(std::move(respond), owners_.size());\n"
        "  for (auto& owner : owners_) {\n    owner->Post([this, work, meta]",
        "  if (M) { wire::ControlReplyMeta early; early.set_restored_step(0);\n"
        "    respond({FrameType::kControlReply, early.SerializeAsString(), {}}); respond = [](Frame) {}; }\n"
        "  auto work = std::make_shared<SharedWork>(std::move(respond), owners_.size());\n"
        "  for (auto& owner : owners_) {\n    owner->Post([this, work, meta]"),
}

HEADER = """#pragma once
#include <cstdlib>
#include <cstring>
namespace chorus {
inline bool Mutant(const char* name) {
  const char* const awake = std::getenv("CHORUS_MUTANT");
  return awake != nullptr && std::strcmp(awake, name) == 0;
}
}  // namespace chorus
"""


def awake(text, name):
    return re.sub(r"\bM\b", f'Mutant("{name}")', text)


def mutated(root):
    """The texts of all files that mistakes change, by path. The guards are made one after the other: texts of two
    mistakes may overlap."""
    changes = [(name, *change) for name, found_in in MUTANTS.items()
               for change in (found_in if isinstance(found_in, list) else [found_in])]
    texts = {}
    for name, path, before, after in changes:
        text = texts.setdefault(path, (root / path).read_text())
        if awake(after, name) in text:
            continue
        if text.count(before) != 1:
            sys.exit(f"{path}: the text of '{name}' is there {text.count(before)} times")
        texts[path] = text.replace(before, awake(after, name))
    return texts


def mutate(copy):
    """Puts all mistakes in."""
    header = copy / "common/mutant.h"
    if not header.exists():
        header.write_text(HEADER)
    for path, text in mutated(copy).items():
        if "common/mutant.h" not in text:
            text = '#include "common/mutant.h"\n' + text
        if text != (copy / path).read_text():
            (copy / path).write_text(text)


def found(program, name, first, last):
    """The first seed that fails, and what it says; None if none does."""
    run = subprocess.run([program, "--seeds", f"{first}-{last}", "--mutant", name, "--until-failure"],
                         capture_output=True, text=True, check=False)
    for line in run.stdout.splitlines():
        match = re.match(r"seed (\d+): (.*)", line)
        if match:
            return int(match[1]), match[2]
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("copy", type=pathlib.Path, nargs="?")
    parser.add_argument("--check", action="store_true", help="no copy: only whether all texts are there")
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--only", default="", help="names that hold this text")
    options = parser.parse_args()
    if options.check:
        print(f"{len(MUTANTS)} mistakes have their place in {len(mutated(options.source))} files")
        return 0
    if options.copy is None:
        parser.error("COPY is missing")
    copy = options.copy
    if not copy.exists():
        subprocess.run(["git", "clone", "--quiet", str(options.source.resolve()), str(copy)], check=True)
    mutate(copy)
    if not (copy / "build").exists():
        subprocess.run(["cmake", "--preset", "release", "-DCHORUS_PERF=OFF", "-DCMAKE_UNITY_BUILD=ON"], cwd=copy,
                       check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", "build", "--target", "simulation_run"], cwd=copy, check=True,
                   stdout=subprocess.DEVNULL)
    program = copy / "build/tests/simulation/simulation_run"
    missed = 0
    for name in MUTANTS:
        if options.only not in name:
            continue
        seed = found(program, name, options.first, options.first + options.seeds - 1)
        missed += seed is None
        print(f"{name}: " + ("NOT FOUND" if seed is None else f"seed {seed[0]}: {seed[1][:160]}"), flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
