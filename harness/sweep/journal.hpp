// SPDX-License-Identifier: Apache-2.0
// The journal of a run: one SQLite file that holds the plan and everything measured, written cell by cell.
//
// Protocol:  WAL, synchronous=FULL; one transaction for a finished cell. The plan is written once, with the file; a resumed run reads it
//            from here, never from the sweep file. Of a block's attempts the last complete one counts.
// Invariant: (block, attempt, place) is unique: a cell is counted once, however often the run was killed.
// Threads:   one process at a time writes (an exclusive lock on FILE.lock says so); readers may look at any time.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "harness/sweep/cell.hpp"
#include "harness/sweep/plan.hpp"

struct sqlite3;

namespace harness {

inline constexpr int journal_schema = 1;

// A finished cell, as measured.
struct CellRecord {
  unsigned block = 0, attempt = 0, place = 0;  // place: in the block's order
  std::string variant;
  CellAnswer answer;
  double wall = 0, cpu = 0, steal = -1;  // seconds; steal below 0: unavailable
  long involuntary = 0;
};

struct BlockRecord {
  unsigned block = 0, attempt = 0;
  double calibration_before = 0, calibration_after = 0;  // nanoseconds; 0: not taken yet
  unsigned interruptions = 0;                            // how often the run ended inside it and was resumed
  bool complete = false;                                 // every cell is there, and both spins
  std::string taint;                                     // the first limit that it broke; empty: none
};

struct FailureRecord {
  unsigned block = 0, attempt = 0;
  std::string variant, error, command;
};

class Journal {
 public:
  // Makes a new file; the error says why not. `facts` are name-value pairs: "manifest", "guests".
  static vm::Result<Journal> create(const std::string& path, const Plan& plan,
                                    const std::vector<std::pair<std::string, std::string>>& facts);
  // `writable`: also takes the lock; the error says if another process has it.
  static vm::Result<Journal> open(const std::string& path, bool writable);
  Journal(Journal&&) noexcept;
  Journal& operator=(Journal&&) noexcept;
  ~Journal();

  vm::Result<Plan> plan();
  std::string fact(const std::string& name);  // empty: there is none
  vm::Result<void> set_fact(const std::string& name, const std::string& value);

  vm::Result<void> add(const CellRecord& cell);
  vm::Result<void> put(const BlockRecord& block);  // replaces the row of (block, attempt)
  vm::Result<void> add(const FailureRecord& failure);

  // In the order of block, attempt, place.
  std::vector<CellRecord> cells();
  std::vector<BlockRecord> blocks();
  std::vector<FailureRecord> failures();

 private:
  Journal() = default;
  vm::Result<void> write_plan(const Plan& plan);
  sqlite3* database_ = nullptr;
  int lock_ = -1;
};

}  // namespace harness
