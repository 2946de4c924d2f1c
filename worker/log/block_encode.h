#pragma once
// What EncodeBlock (log_writer.h) is made of, for blocks that are not encoded at once
// (waiting_block.h). Thread safety: pure functions.

#include "worker/log/batch.h"
#include "worker/log/column_codec.h"
#include "worker/log/format.h"
#include "worker/log/log_writer.h"

namespace chorus::worker {

// The block without its bytes. REQUIRES and errors: those of EncodeBlock.
EncodedBlock BeginBlock(const LogSchema& schema, const Batch& batch);
// One column of it. REQUIRES: BeginBlock accepted the batch, and `column` is one of ColumnsOf.
EncodedColumn EncodeColumn(const Column& column, const Batch& batch);

}  // namespace chorus::worker
