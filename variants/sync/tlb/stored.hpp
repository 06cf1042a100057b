// SPDX-License-Identifier: Apache-2.0
// Stored: what became of a fill.
#pragma once

namespace variants::sync {

//  what            | counted as                | the leaf
//  refused         | refused                   | an invalidation that began after its walk covers it
//  refused_unknown | refused, over-invalidated | its walk is older than what is remembered of invalidations
//  superseded      | fill                      | gives way to the leaf of a newer walk of the same page, which stays
//  replaced        | fill                      | takes the place of an older walk's leaf of the same page
//  added           | fill                      | takes a free place
//  evicted         | fill, eviction            | takes the place of another leaf
enum class Stored { refused, refused_unknown, superseded, replaced, added, evicted };

}  // namespace variants::sync
