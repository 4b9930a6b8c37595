// Columns of numbers, as they come and as plotly takes them.

// A copy: the buffer of a message may begin anywhere, float64 may not.
function unpack(buffer) {
  if (!buffer) return new Float64Array(0);
  const bytes = buffer.buffer ?? buffer;
  const begin = buffer.byteOffset ?? 0;
  return new Float64Array(bytes.slice(begin, begin + buffer.byteLength));
}

function read(columns, numbers) {
  const found = {};
  for (const [path, place] of Object.entries(columns)) {
    found[path] = place.texts ?? cut(numbers, ...place);
  }
  return found;
}

function cut(numbers, offset, rows, width) {
  if (width === undefined) return numbers.slice(offset, offset + rows);
  return Array.from({ length: rows }, (_, row) =>
    numbers.slice(offset + row * width, offset + (row + 1) * width),
  );
}

function joined(one, other) {
  if (Array.isArray(one)) return one.concat(Array.from(other));
  const all = new Float64Array(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all;
}

function setPath(node, path, value) {
  const steps = path.match(/[^.[\]]+/g);
  const last = steps.pop();
  steps.forEach((step, at) => {
    const next = steps[at + 1] ?? last;
    node = node[step] ??= /^\d+$/.test(next) ? [] : {};
  });
  if (value === null) delete node[last];
  else node[last] = value;
}
