// Asks a journal's file by SQL, as a person with the sqlite3 program does.
#pragma once

#include <sqlite3.h>

#include <string>

namespace derivd::test {

/// The first column of the last row; the words of an error.
inline std::string sql(const std::string& path, const std::string& text) {
  sqlite3* db = nullptr;
  if (sqlite3_open(path.c_str(), &db) != SQLITE_OK) {
    sqlite3_close(db);
    return "cannot open";
  }
  std::string out;
  char* error = nullptr;
  const int code = sqlite3_exec(
      db, text.c_str(),
      [](void* to, int n, char** values, char**) {
        if (n > 0 && values[0] != nullptr) *static_cast<std::string*>(to) = values[0];
        return 0;
      },
      &out, &error);
  if (code != SQLITE_OK) out = error != nullptr ? error : sqlite3_errmsg(db);
  sqlite3_free(error);
  sqlite3_close(db);
  return out;
}

}  // namespace derivd::test
