#pragma once
// The rows that servers replied with.
// Thread safety: a pure function; the rows are const.

#include <cstdint>
#include <memory>
#include <vector>

#include "common/frame.h"
#include "common/status.h"
#include "worker/servers/key_segments.h"
#include "worker/servers/ps_client.h"

namespace chorus::worker {

// replies: [server], the arrays by table. segments: those of the keys that were sent. dims:
// [table]. of_read: the replies also say which rows are seen. The rows keep the replies. Error:
// kInternal if a reply has another shape than its keys ask for.
Result<std::shared_ptr<const PulledRows>> MakeReplyRows(const KeySegments& segments,
                                                        std::vector<Frame> replies,
                                                        const std::vector<uint32_t>& dims,
                                                        bool of_read);

}  // namespace chorus::worker
