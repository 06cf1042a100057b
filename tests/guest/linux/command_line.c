// SPDX-License-Identifier: Apache-2.0
#include "command_line.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char prefix[] = "interlock.";
static char line[4096];

void command_line_read(void) {
  int file = open("/proc/cmdline", O_RDONLY);
  ssize_t length = file < 0 ? -1 : read(file, line, sizeof line - 1);
  if (file >= 0) close(file);
  line[length < 0 ? 0 : length] = '\0';
  line[strcspn(line, "\n")] = '\0';
}

// Finds the last such word, as the kernel does. Returns its value ("" if it has none), or NULL. The value ends at a space.
static const char* find(const char* name) {
  const char* found = NULL;
  size_t length = strlen(name);
  for (const char* word = line; *word; word += strcspn(word, " "), word += strspn(word, " ")) {
    if (strncmp(word, prefix, sizeof prefix - 1) != 0 || strncmp(word + sizeof prefix - 1, name, length) != 0) continue;
    const char* rest = word + sizeof prefix - 1 + length;
    if (*rest == '=') found = rest + 1;
    if (*rest == ' ' || *rest == '\0') found = "";
  }
  return found;
}

bool command_line_has(const char* name) { return find(name) != NULL; }

unsigned command_line_number(const char* name, unsigned fallback, unsigned least, unsigned most) {
  const char* value = find(name);
  if (!value) return fallback;
  char* end;
  unsigned long number = strtoul(value, &end, 10);
  if (end != value && (*end == ' ' || *end == '\0') && number >= least && number <= most) return number;
  printf("INTERLOCK-GUEST: %s%s wants a number from %u to %u; %u is used\n", prefix, name, least, most, fallback);
  return fallback;
}

void command_line_items(const char* name, void (*each)(const char* item)) {
  const char* value = find(name);
  while (value && *value && *value != ' ') {
    char item[64];
    size_t length = strcspn(value, ", ");
    snprintf(item, sizeof item, "%.*s", (int)length, value);
    if (length) each(item);
    value += length + (value[length] == ',');
  }
}

bool command_line_lists(const char* name, const char* item) {
  const char* value = find(name);
  if (!value) return true;
  while (*value && *value != ' ') {
    size_t length = strcspn(value, ", ");
    if (length == strlen(item) && strncmp(value, item, length) == 0) return true;
    value += length + (value[length] == ',');
  }
  return false;
}
