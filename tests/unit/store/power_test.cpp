// What is on the disk after a power failure: SQLite's own file layer and the intent log's file are
// wrapped by ones that remember each write until it is synced. The "cut" copies the files without
// what was not, or with some of it.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <list>
#include <map>

#include "core/rng.hpp"
#include "store/journal.hpp"
#include "unit/service/temp_dir.hpp"

namespace derivd::store {
namespace {

using execution::Durability;
using test::TempDir;

/// What a file held before writes that are not synced yet, oldest first, and what was written.
struct Undo {
  sqlite3_int64 size;  // of the file
  sqlite3_int64 offset;
  std::string bytes;
  std::string written;
};
std::map<std::string, std::list<Undo>>& unsynced() {
  static std::map<std::string, std::list<Undo>> all;
  return all;
}

struct Shim {
  sqlite3_file base;
  sqlite3_vfs* vfs;
  char path[512];
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
Shim* shim(sqlite3_file* f) { return reinterpret_cast<Shim*>(f); }
const sqlite3_io_methods* of(sqlite3_file* f) { return shim(f)->real()->pMethods; }

void remember(sqlite3_file* f, sqlite3_int64 offset, int amount) {
  Undo undo{0, offset, {}, {}};
  of(f)->xFileSize(shim(f)->real(), &undo.size);
  const auto there = std::clamp<sqlite3_int64>(undo.size - offset, 0, amount);
  undo.bytes.resize(static_cast<std::size_t>(there));
  if (there > 0) {
    of(f)->xRead(shim(f)->real(), undo.bytes.data(), static_cast<int>(there), offset);
  }
  unsynced()[shim(f)->path].push_back(std::move(undo));
}

int on_write(sqlite3_file* f, const void* data, int amount, sqlite3_int64 offset) {
  remember(f, offset, amount);
  unsynced()[shim(f)->path].back().written.assign(static_cast<const char*>(data),
                                                  static_cast<std::size_t>(amount));
  return of(f)->xWrite(shim(f)->real(), data, amount, offset);
}
int on_truncate(sqlite3_file* f, sqlite3_int64 size) {
  sqlite3_int64 now = 0;
  of(f)->xFileSize(shim(f)->real(), &now);
  remember(f, size, static_cast<int>(std::max<sqlite3_int64>(now - size, 0)));
  return of(f)->xTruncate(shim(f)->real(), size);
}
int on_sync(sqlite3_file* f, int flags) {
  const int code = of(f)->xSync(shim(f)->real(), flags);
  if (code == SQLITE_OK) unsynced().erase(shim(f)->path);
  return code;
}

const sqlite3_io_methods kMethods{
    2,
    [](sqlite3_file* f) { return of(f)->xClose(shim(f)->real()); },
    [](sqlite3_file* f, void* data, int n, sqlite3_int64 at) {
      return of(f)->xRead(shim(f)->real(), data, n, at);
    },
    on_write,
    on_truncate,
    on_sync,
    [](sqlite3_file* f, sqlite3_int64* size) { return of(f)->xFileSize(shim(f)->real(), size); },
    [](sqlite3_file* f, int level) { return of(f)->xLock(shim(f)->real(), level); },
    [](sqlite3_file* f, int level) { return of(f)->xUnlock(shim(f)->real(), level); },
    [](sqlite3_file* f, int* out) { return of(f)->xCheckReservedLock(shim(f)->real(), out); },
    [](sqlite3_file* f, int op, void* p) { return of(f)->xFileControl(shim(f)->real(), op, p); },
    [](sqlite3_file* f) { return of(f)->xSectorSize(shim(f)->real()); },
    [](sqlite3_file* f) { return of(f)->xDeviceCharacteristics(shim(f)->real()); },
    [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
      return of(f)->xShmMap(shim(f)->real(), page, size, extend, out);
    },
    [](sqlite3_file* f, int offset, int n, int flags) {
      return of(f)->xShmLock(shim(f)->real(), offset, n, flags);
    },
    [](sqlite3_file* f) { of(f)->xShmBarrier(shim(f)->real()); },
    [](sqlite3_file* f, int remove) { return of(f)->xShmUnmap(shim(f)->real(), remove); },
    nullptr,
    nullptr};

int on_open(sqlite3_vfs* vfs, const char* name, sqlite3_file* f, int flags, int* out) {
  auto* below = static_cast<sqlite3_vfs*>(vfs->pAppData);
  std::memset(f, 0, static_cast<std::size_t>(vfs->szOsFile));
  const int code = below->xOpen(below, name, shim(f)->real(), flags, out);
  if (shim(f)->real()->pMethods == nullptr) return code;
  std::strncpy(shim(f)->path, name == nullptr ? "" : name, sizeof(Shim::path) - 1);
  f->pMethods = &kMethods;
  return code;
}

/// SQLite uses it for every file as long as it lives.
class PowerDisk {
 public:
  PowerDisk() : below_(sqlite3_vfs_find(nullptr)), vfs_(*below_) {
    vfs_.zName = "power";
    vfs_.pAppData = below_;
    vfs_.szOsFile = static_cast<int>(sizeof(Shim)) + below_->szOsFile;
    vfs_.xOpen = on_open;
    vfs_.pNext = nullptr;
    // The others are the layer's below, which wants itself as its first argument.
    vfs_.xDelete = [](sqlite3_vfs* v, const char* name, int sync) {
      unsynced().erase(name);
      return below(v)->xDelete(below(v), name, sync);
    };
    vfs_.xAccess = [](sqlite3_vfs* v, const char* name, int flags, int* out) {
      return below(v)->xAccess(below(v), name, flags, out);
    };
    vfs_.xFullPathname = [](sqlite3_vfs* v, const char* name, int n, char* out) {
      return below(v)->xFullPathname(below(v), name, n, out);
    };
    unsynced().clear();
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~PowerDisk() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(below_, 1);
  }
  PowerDisk(const PowerDisk&) = delete;
  PowerDisk& operator=(const PowerDisk&) = delete;

  /// The files as a machine finds them that lost its power now. Of what was not synced, each write
  /// is there or not as `some` draws it; without it nothing of that is there.
  static void cut(const std::string& path, const std::string& copy, core::Rng* some = nullptr) {
    for (const std::string suffix : {"", "-wal", "-intents"}) {
      if (!std::filesystem::exists(path + suffix)) continue;
      std::filesystem::copy_file(path + suffix, copy + suffix);
      auto& undos = unsynced()[path + suffix];
      for (auto undo = undos.rbegin(); undo != undos.rend(); ++undo) {
        put(copy + suffix, undo->offset, undo->bytes);
        std::filesystem::resize_file(copy + suffix, static_cast<std::uintmax_t>(undo->size));
      }
      for (const auto& undo : undos) {
        if (some != nullptr && some->below(2) == 0) put(copy + suffix, undo.offset, undo.written);
      }
    }
  }

 private:
  static void put(const std::string& file, sqlite3_int64 offset, const std::string& bytes) {
    std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(offset);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    ASSERT_TRUE(out.good() || bytes.empty());
  }
  static sqlite3_vfs* below(sqlite3_vfs* v) { return static_cast<sqlite3_vfs*>(v->pAppData); }
  sqlite3_vfs* below_;
  sqlite3_vfs vfs_;
};

/// The intent log under the same model.
class PowerLog final : public LogFile {
 public:
  PowerLog(std::unique_ptr<LogFile> below, std::string path)
      : below_(std::move(below)), path_(std::move(path)) {}
  core::Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    Undo undo{static_cast<sqlite3_int64>(*below_->size()), static_cast<sqlite3_int64>(offset),
              std::string(bytes.size(), '\0'), std::string(bytes)};
    undo.bytes.resize(*below_->read(offset, undo.bytes.data(), bytes.size()));
    unsynced()[path_].push_back(std::move(undo));
    return below_->write(offset, bytes);
  }
  core::Result<void> sync() override {
    unsynced().erase(path_);
    return below_->sync();
  }
  core::Result<std::size_t> read(std::uint64_t offset, char* to, std::size_t size) override {
    return below_->read(offset, to, size);
  }
  core::Result<std::uint64_t> size() override { return below_->size(); }

 private:
  std::unique_ptr<LogFile> below_;
  std::string path_;
};

JournalSettings settings_of(Durability durability) {
  JournalSettings out;
  out.durability = durability;
  out.background = false;
  out.log_region_bytes = 2048;  // some ten intents: the regions take turns
  out.log_files = [](const std::string& path,
                     LogAccess access) -> core::Result<std::unique_ptr<LogFile>> {
    auto file = open_log_file(path, access);
    if (!file || access == LogAccess::kRead) return file;
    return std::unique_ptr<LogFile>(std::make_unique<PowerLog>(std::move(*file), path));
  };
  return out;
}

execution::Order intent(std::int64_t id) {
  execution::Order o;
  o.id = {id};
  o.strategy = "parity";
  o.spec.type = market::ContractType::kDigitOdd;
  o.spec.symbol = "1HZ100V";
  o.spec.duration = {1, market::ContractDuration::Unit::kTicks};
  o.stake = core::Money::minor(35);
  o.signal_epoch = {1'700'000'000 + id};
  return o;
}

constexpr int kIntents = 45;

/// How many of kIntents intents, each followed by a power failure, are on the disk at once. What is
/// there is always the first of them, without a gap, and the journal goes on from it.
int kept(Durability durability, core::Rng* some) {
  const TempDir dir;
  const PowerDisk disk;
  const auto settings = settings_of(durability);
  const auto path = (std::filesystem::canonical(dir.path()) / "j.db").string();
  auto journal = Journal::open(path, Journal::Mode::kReadWrite, settings);
  EXPECT_TRUE(journal) << journal.error().text;
  if (!journal) return -1;
  int found = 0;
  for (std::int64_t id = 1; id <= kIntents; ++id) {
    EXPECT_TRUE((*journal)->append(execution::OrderRecord{intent(id)}));
    const auto copy = fmt::format("{}-{}", path, id);
    PowerDisk::cut(path, copy, some);
    auto after = Journal::open(copy, Journal::Mode::kReadWrite, settings);
    EXPECT_TRUE(after) << "a power failure left no journal: " << after.error().text;
    if (!after) return -1;
    const auto last = (*after)->load()->last_order.value;
    const auto there = (*after)->orders({{}, {}, false})->size();
    EXPECT_EQ(there, static_cast<std::size_t>(last)) << "after intent " << id;
    if (last == id) ++found;
    EXPECT_TRUE((*after)->append(execution::OrderRecord{intent(last + 1)}));
    EXPECT_EQ((*after)->load()->last_order.value, last + 1);
    after->reset();
    if (id % 3 == 0) {
      EXPECT_TRUE((*journal)->catch_up());
    }
    if (id % 20 == 0) {
      EXPECT_TRUE((*journal)->checkpoint());
    }
  }
  return found;
}

TEST(Power, EachIntentSurvivesItWithDurabilityPower) {
  EXPECT_EQ(kept(Durability::kPower, nullptr), kIntents);
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    core::Rng some(seed);
    EXPECT_EQ(kept(Durability::kPower, &some), kIntents) << seed;
  }
}

// Not wished for, but so it is documented; and it proves that the test above can fail.
TEST(Power, WithDurabilityProcessTheLatestIntentDoesNot) {
  EXPECT_EQ(kept(Durability::kProcess, nullptr), 0);
}

TEST(Power, WithDurabilityProcessThereIsNoGapWhateverTheDiskKept) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    core::Rng some(seed);
    const auto found = kept(Durability::kProcess, &some);
    EXPECT_GT(found, 0) << seed;
    EXPECT_LT(found, kIntents) << seed;
  }
}

}  // namespace
}  // namespace derivd::store
