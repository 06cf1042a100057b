// SPDX-License-Identifier: Apache-2.0
#include "harness/sweep/journal.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <type_traits>
#include <utility>

namespace harness {
namespace {

constexpr const char* schema = R"(
CREATE TABLE fact(name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE configuration(id INTEGER PRIMARY KEY, workload TEXT NOT NULL, threads INTEGER NOT NULL, micro_tlb INTEGER NOT NULL,
  mode TEXT NOT NULL, seconds REAL NOT NULL, append TEXT NOT NULL, declared INTEGER NOT NULL, blocks INTEGER NOT NULL, variants TEXT NOT NULL);
CREATE TABLE planned(block INTEGER PRIMARY KEY, configuration INTEGER NOT NULL REFERENCES configuration(id), repetition INTEGER NOT NULL,
  seed INTEGER NOT NULL, variants TEXT NOT NULL);
CREATE TABLE note(id INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE block(block INTEGER NOT NULL REFERENCES planned(block), attempt INTEGER NOT NULL, calibration_before REAL NOT NULL,
  calibration_after REAL NOT NULL, interruptions INTEGER NOT NULL, complete INTEGER NOT NULL, taint TEXT NOT NULL, PRIMARY KEY(block, attempt));
CREATE TABLE cell(block INTEGER NOT NULL REFERENCES planned(block), attempt INTEGER NOT NULL, place INTEGER NOT NULL, variant TEXT NOT NULL,
  operations INTEGER NOT NULL, seconds REAL NOT NULL, digest TEXT NOT NULL, counters TEXT NOT NULL, timer_cost REAL NOT NULL,
  latency_min INTEGER NOT NULL, latency_max INTEGER NOT NULL, histogram TEXT NOT NULL, wall REAL NOT NULL, cpu REAL NOT NULL,
  steal REAL NOT NULL, involuntary INTEGER NOT NULL, PRIMARY KEY(block, attempt, place));
CREATE TABLE failure(id INTEGER PRIMARY KEY, block INTEGER NOT NULL, attempt INTEGER NOT NULL, variant TEXT NOT NULL, error TEXT NOT NULL,
  command TEXT NOT NULL);
)";

class Statement {
 public:
  Statement(sqlite3* database, const char* text) : database_(database) {
    good_ = sqlite3_prepare_v2(database, text, -1, &statement_, nullptr) == SQLITE_OK;
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(statement_); }

  template <class... Values>
  Statement& bind(const Values&... values) {
    (bind_one(values), ...);
    return *this;
  }
  bool step() { return good_ && sqlite3_step(statement_) == SQLITE_ROW; }
  vm::Result<void> run() {
    if (good_ && sqlite3_step(statement_) == SQLITE_DONE) return {};
    return vm::Error{fmt::format("the journal cannot be written: {}", sqlite3_errmsg(database_))};
  }
  std::string text(int column) const {
    const auto* bytes = sqlite3_column_text(statement_, column);
    return bytes == nullptr
               ? ""
               : std::string(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
  }
  std::int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }
  unsigned small(int column) const { return static_cast<unsigned>(number(column)); }
  double real(int column) const { return sqlite3_column_double(statement_, column); }

 private:
  void bind_one(const std::string& value) {
    sqlite3_bind_text(statement_, ++bound_, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
  }
  void bind_one(const char* value) { bind_one(std::string(value)); }
  void bind_one(double value) { sqlite3_bind_double(statement_, ++bound_, value); }
  template <class Integer>
  requires std::is_integral_v<Integer>
  void bind_one(Integer value) { sqlite3_bind_int64(statement_, ++bound_, static_cast<std::int64_t>(value)); }
  sqlite3* database_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
  bool good_;
};

vm::Result<void> execute(sqlite3* database, const char* text) {
  if (sqlite3_exec(database, text, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return vm::Error{fmt::format("the journal cannot be written: {}", sqlite3_errmsg(database))};
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
  return text;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    names.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return names;
}

vm::Result<int> take_lock(const std::string& path) {
  const int lock = ::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (lock >= 0) close(lock);
    return vm::Error{path + " is in use: another `interlock sweep` writes it; wait for that one"};
  }
  return lock;
}

}  // namespace

Journal::Journal(Journal&& other) noexcept : database_(std::exchange(other.database_, nullptr)), lock_(std::exchange(other.lock_, -1)) {}
Journal& Journal::operator=(Journal&& other) noexcept {
  std::swap(database_, other.database_);
  std::swap(lock_, other.lock_);
  return *this;
}
Journal::~Journal() {
  sqlite3_close(database_);
  if (lock_ >= 0) close(lock_);
}

vm::Result<Journal> Journal::create(const std::string& path, const Plan& plan,
                                    const std::vector<std::pair<std::string, std::string>>& facts) {
  Journal journal;
  const auto lock = take_lock(path);
  if (!lock) return lock.error();
  journal.lock_ = *lock;
  if (std::filesystem::exists(path)) return vm::Error{path + " exists already: resume it, or choose another --out"};
  if (sqlite3_open(path.c_str(), &journal.database_) != SQLITE_OK)
    return vm::Error{path + " cannot be made: " + sqlite3_errmsg(journal.database_)};
  if (auto done = execute(journal.database_, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; BEGIN"); !done) return done.error();
  if (auto done = execute(journal.database_, schema); !done) return done.error();
  if (auto done = execute(journal.database_, fmt::format("PRAGMA user_version={}", journal_schema).c_str()); !done) return done.error();
  if (auto done = journal.write_plan(plan); !done) return done.error();
  for (const auto& [name, value] : facts) {
    if (auto done = journal.set_fact(name, value); !done) return done.error();
  }
  if (auto done = execute(journal.database_, "COMMIT"); !done) return done.error();
  return journal;
}

vm::Result<Journal> Journal::open(const std::string& path, bool writable) {
  Journal journal;
  if (!std::filesystem::exists(path)) return vm::Error{path + " does not exist: that is no run of `interlock sweep run`"};
  if (writable) {
    const auto lock = take_lock(path);
    if (!lock) return lock.error();
    journal.lock_ = *lock;
  }
  // Also for reading it is opened for writing: a journal whose writer was killed has a WAL to recover.
  if (sqlite3_open_v2(path.c_str(), &journal.database_, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK &&
      sqlite3_open_v2(path.c_str(), &journal.database_, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK) {
    return vm::Error{path + " cannot be opened: " + sqlite3_errmsg(journal.database_)};
  }
  sqlite3_busy_timeout(journal.database_, 5000);
  int version = -1;
  {
    Statement query(journal.database_, "PRAGMA user_version");
    if (query.step()) version = static_cast<int>(query.number(0));
  }
  if (version != journal_schema)
    return vm::Error{fmt::format("{} has schema {}, and this program reads {}", path, version, journal_schema)};
  if (writable) {
    if (auto done = execute(journal.database_, "PRAGMA synchronous=FULL"); !done) return done.error();
  }
  return journal;
}

vm::Result<void> Journal::write_plan(const Plan& plan) {
  const auto real = [](double value) { return fmt::format("{}", value); };
  const std::pair<const char*, std::string> facts[] = {{"plan.name", plan.name},
                                                       {"plan.base", plan.base},
                                                       {"plan.seed", std::to_string(plan.seed)},
                                                       {"plan.retries", std::to_string(plan.retries)},
                                                       {"plan.rerun_share", real(plan.rerun_share)},
                                                       {"plan.timeout", real(plan.timeout)},
                                                       {"plan.taint.calibration", real(plan.taint.calibration)},
                                                       {"plan.taint.steal", real(plan.taint.steal)},
                                                       {"plan.taint.involuntary", real(plan.taint.involuntary)},
                                                       {"plan.taint.cpu", real(plan.taint.cpu)}};
  for (const auto& [name, value] : facts) {
    if (auto done = set_fact(name, value); !done) return done;
  }
  for (std::size_t i = 0; i < plan.configurations.size(); ++i) {
    const Configuration& c = plan.configurations[i];
    Statement insert(database_, "INSERT INTO configuration VALUES(?,?,?,?,?,?,?,?,?,?)");
    insert.bind(i, c.workload, c.threads, c.micro_tlb, name(c.mode), c.seconds, c.append, c.declared, c.blocks, joined(c.variants));
    if (auto done = insert.run(); !done) return done;
  }
  for (std::size_t i = 0; i < plan.blocks.size(); ++i) {
    const Block& b = plan.blocks[i];
    Statement insert(database_, "INSERT INTO planned VALUES(?,?,?,?,?)");
    insert.bind(i, b.configuration, b.repetition, b.seed, joined(b.variants));
    if (auto done = insert.run(); !done) return done;
  }
  for (const std::string& note : plan.notes) {
    if (auto done = Statement(database_, "INSERT INTO note(text) VALUES(?)").bind(note).run(); !done) return done;
  }
  return {};
}

vm::Result<Plan> Journal::plan() {
  Plan plan;
  plan.name = fact("plan.name");
  plan.base = fact("plan.base");
  const auto real = [&](const char* name) { return std::strtod(fact(name).c_str(), nullptr); };
  plan.seed = std::strtoull(fact("plan.seed").c_str(), nullptr, 10);
  plan.retries = static_cast<unsigned>(real("plan.retries"));
  plan.rerun_share = real("plan.rerun_share");
  plan.timeout = real("plan.timeout");
  plan.taint = {real("plan.taint.calibration"), real("plan.taint.steal"), real("plan.taint.involuntary"), real("plan.taint.cpu")};
  Statement configurations(database_,
                           "SELECT workload,threads,micro_tlb,mode,seconds,append,declared,blocks,variants FROM configuration ORDER BY id");
  while (configurations.step()) {
    Configuration c;
    c.workload = configurations.text(0);
    c.threads = configurations.small(1);
    c.micro_tlb = configurations.small(2);
    c.mode = configurations.text(3) == "latency" ? CellMode::latency : CellMode::throughput;
    c.seconds = configurations.real(4);
    c.append = configurations.text(5);
    c.declared = configurations.number(6) != 0;
    c.blocks = configurations.small(7);
    c.variants = split(configurations.text(8));
    plan.configurations.push_back(std::move(c));
  }
  Statement planned(database_, "SELECT configuration,repetition,seed,variants FROM planned ORDER BY block");
  while (planned.step()) {
    Block b;
    b.configuration = planned.small(0);
    b.repetition = planned.small(1);
    b.seed = static_cast<std::uint64_t>(planned.number(2));
    b.variants = split(planned.text(3));
    if (b.configuration >= plan.configurations.size()) return vm::Error{"the journal is damaged: a block of no configuration"};
    plan.blocks.push_back(std::move(b));
  }
  Statement notes(database_, "SELECT text FROM note ORDER BY id");
  while (notes.step()) plan.notes.push_back(notes.text(0));
  if (plan.blocks.empty()) return vm::Error{"the journal is damaged: it has no plan"};
  return plan;
}

std::string Journal::fact(const std::string& name) {
  Statement query(database_, "SELECT value FROM fact WHERE name=?");
  return query.bind(name).step() ? query.text(0) : "";
}

vm::Result<void> Journal::set_fact(const std::string& name, const std::string& value) {
  return Statement(database_, "INSERT OR REPLACE INTO fact VALUES(?,?)").bind(name, value).run();
}

vm::Result<void> Journal::add(const CellRecord& c) {
  Statement insert(database_, "INSERT INTO cell VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  const CellAnswer& a = c.answer;
  insert.bind(c.block, c.attempt, c.place, c.variant, a.operations, a.seconds, a.digest, write_counters(a.counters), a.timer_cost,
              a.latency_min, a.latency_max, a.histogram, c.wall, c.cpu, c.steal, c.involuntary);
  return insert.run();
}

vm::Result<void> Journal::put(const BlockRecord& b) {
  Statement insert(database_, "INSERT OR REPLACE INTO block VALUES(?,?,?,?,?,?,?)");
  return insert.bind(b.block, b.attempt, b.calibration_before, b.calibration_after, b.interruptions, b.complete, b.taint).run();
}

vm::Result<void> Journal::add(const FailureRecord& f) {
  Statement insert(database_, "INSERT INTO failure(block,attempt,variant,error,command) VALUES(?,?,?,?,?)");
  return insert.bind(f.block, f.attempt, f.variant, f.error, f.command).run();
}

std::vector<CellRecord> Journal::cells() {
  std::vector<CellRecord> found;
  Statement query(
      database_,
      "SELECT block,attempt,place,variant,operations,seconds,digest,counters,timer_cost,latency_min,latency_max,histogram,wall,cpu,"
      "steal,involuntary FROM cell ORDER BY block,attempt,place");
  while (query.step()) {
    CellRecord c;
    c.block = query.small(0);
    c.attempt = query.small(1);
    c.place = query.small(2);
    c.variant = query.text(3);
    c.answer.operations = static_cast<std::uint64_t>(query.number(4));
    c.answer.seconds = query.real(5);
    c.answer.digest = query.text(6);
    c.answer.counters = read_counters(query.text(7));
    c.answer.timer_cost = query.real(8);
    c.answer.latency_min = static_cast<std::uint64_t>(query.number(9));
    c.answer.latency_max = static_cast<std::uint64_t>(query.number(10));
    c.answer.histogram = query.text(11);
    c.wall = query.real(12);
    c.cpu = query.real(13);
    c.steal = query.real(14);
    c.involuntary = static_cast<long>(query.number(15));
    found.push_back(std::move(c));
  }
  return found;
}

std::vector<BlockRecord> Journal::blocks() {
  std::vector<BlockRecord> found;
  Statement query(
      database_,
      "SELECT block,attempt,calibration_before,calibration_after,interruptions,complete,taint FROM block ORDER BY block,attempt");
  while (query.step()) {
    found.push_back({query.small(0), query.small(1), query.real(2), query.real(3), query.small(4), query.number(5) != 0, query.text(6)});
  }
  return found;
}

std::vector<FailureRecord> Journal::failures() {
  std::vector<FailureRecord> found;
  Statement query(database_, "SELECT block,attempt,variant,error,command FROM failure ORDER BY id");
  while (query.step()) found.push_back({query.small(0), query.small(1), query.text(2), query.text(3), query.text(4)});
  return found;
}

}  // namespace harness
