// What is on the disk after a power failure: SQLite's own file layer is wrapped by one that
// remembers each write until it is synced. The "cut" copies the files without what was not.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <list>
#include <map>

#include "store/journal.hpp"
#include "unit/service/temp_dir.hpp"

namespace derivd::store {
namespace {

using execution::Durability;
using test::TempDir;

/// What a file held before writes that are not synced yet, oldest first.
struct Undo {
  sqlite3_int64 size;  // of the file
  sqlite3_int64 offset;
  std::string bytes;
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
  Undo undo{0, offset, {}};
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

  /// The files as a machine finds them that lost its power now: nothing of what was not synced.
  static void cut(const std::string& path, const std::string& copy) {
    for (const std::string suffix : {"", "-wal"}) {
      if (!std::filesystem::exists(path + suffix)) continue;
      std::filesystem::copy_file(path + suffix, copy + suffix);
      auto& undos = unsynced()[path + suffix];
      for (auto undo = undos.rbegin(); undo != undos.rend(); ++undo) {
        {
          std::fstream file(copy + suffix, std::ios::in | std::ios::out | std::ios::binary);
          file.seekp(undo->offset);
          file.write(undo->bytes.data(), static_cast<std::streamsize>(undo->bytes.size()));
          ASSERT_TRUE(file.good() || undo->bytes.empty());
        }
        std::filesystem::resize_file(copy + suffix, static_cast<std::uintmax_t>(undo->size));
      }
    }
  }

 private:
  static sqlite3_vfs* below(sqlite3_vfs* v) { return static_cast<sqlite3_vfs*>(v->pAppData); }
  sqlite3_vfs* below_;
  sqlite3_vfs vfs_;
};

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

/// How many of 40 intents, each followed by a power failure, are on the disk at once.
int kept(Durability durability) {
  const TempDir dir;
  const PowerDisk disk;
  const auto path = (std::filesystem::canonical(dir.path()) / "j.db").string();
  auto journal = Journal::open(path, Journal::Mode::kReadWrite, durability);
  EXPECT_TRUE(journal) << journal.error().text;
  if (!journal) return -1;
  int found = 0;
  for (std::int64_t id = 1; id <= 40; ++id) {
    EXPECT_TRUE((*journal)->append(execution::OrderRecord{intent(id)}));
    const auto copy = fmt::format("{}-{}", path, id);
    PowerDisk::cut(path, copy);
    auto after = Journal::open(copy, Journal::Mode::kReadWrite, durability);
    EXPECT_TRUE(after) << "a power failure left no journal: " << after.error().text;
    if (!after) return -1;
    const auto snapshot = (*after)->load();
    EXPECT_TRUE(snapshot);
    if (snapshot && snapshot->last_order == core::OrderId{id}) ++found;
    if (id % 10 == 0) {
      EXPECT_TRUE((*journal)->checkpoint());
    }
  }
  return found;
}

TEST(Power, EachIntentSurvivesItWithDurabilityPower) { EXPECT_EQ(kept(Durability::kPower), 40); }

// Not wished for, but so it is documented; and it proves that the test above can fail.
TEST(Power, WithDurabilityProcessTheLatestIntentDoesNot) {
  EXPECT_EQ(kept(Durability::kProcess), 0);
}

}  // namespace
}  // namespace derivd::store
