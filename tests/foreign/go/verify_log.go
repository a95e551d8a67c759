// SPDX-License-Identifier: Apache-2.0

// verify_log VKEY FOLDER: checks a tiled log with golang.org/x/mod (code that is not ours): the checkpoint's
// signature, every hash of every tile up to the root, every entry against its leaf hash, and proofs.
// FOLDER holds checkpoint and tile/, as served.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode /usr/bin/go run verify_log.go VKEY FOLDER
package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func fail(format string, args ...interface{}) {
	fmt.Fprintf(os.Stderr, "verify_log: "+format+"\n", args...)
	os.Exit(1)
}

// name is the tile's path by C2SP: the height element of x/mod's own path falls away.
func name(t tlog.Tile) string {
	return strings.Replace(t.Path(), "tile/8/", "tile/", 1)
}

// get reads a file of a folder, or of a log that is served over HTTP.
func get(folder, path string) ([]byte, error) {
	if !strings.HasPrefix(folder, "http://") {
		return os.ReadFile(filepath.Join(folder, path))
	}
	answer, err := http.Get(folder + "/" + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

type reader struct{ folder string }

func (r reader) Height() int { return 8 }

func (r reader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		data, err := get(r.folder, name(t))
		if err != nil {
			return nil, err
		}
		if len(data) != t.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", name(t), len(data))
		}
		all = append(all, data)
	}
	return all, nil
}

func (r reader) SaveTiles([]tlog.Tile, [][]byte) {}

func open(vkey, folder string) (tlog.Tree, tlog.HashReader) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		fail("key: %v", err)
	}
	raw, err := get(folder, "checkpoint")
	if err != nil {
		fail("%v", err)
	}
	signed, err := note.Open(raw, note.VerifierList(verifier))
	if err != nil {
		fail("checkpoint: %v", err)
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		fail("checkpoint: wrong origin or shape")
	}
	var tree tlog.Tree
	if _, err := fmt.Sscanf(lines[1], "%d", &tree.N); err != nil {
		fail("checkpoint: %v", err)
	}
	if tree.Hash, err = tlog.ParseHash(lines[2]); err != nil {
		fail("checkpoint: %v", err)
	}
	return tree, tlog.TileHashReader(tree, reader{folder})
}

func entries(folder string, tile, width int64) [][]byte {
	path := name(tlog.Tile{H: 8, L: -1, N: tile, W: int(width)})
	path = strings.Replace(path, "tile/data/", "tile/entries/", 1)
	data, err := get(folder, path)
	if err != nil {
		fail("%v", err)
	}
	var out [][]byte
	for len(data) >= 2 && len(data) >= 2+int(binary.BigEndian.Uint16(data)) {
		n := 2 + int(binary.BigEndian.Uint16(data))
		out = append(out, data[2:n])
		data = data[n:]
	}
	if len(data) != 0 || int64(len(out)) != width {
		fail("%s is malformed", path)
	}
	return out
}

func main() {
	if len(os.Args) != 3 {
		fail("usage: verify_log VKEY FOLDER")
	}
	folder := os.Args[2]
	tree, hashes := open(os.Args[1], folder)
	if root, err := tlog.TreeHash(tree.N, hashes); err != nil || root != tree.Hash {
		fail("root: %v %v", root, err)
	}
	for at := int64(0); at < tree.N; at += 256 {
		width := tree.N - at
		if width > 256 {
			width = 256
		}
		var indexes []int64
		for i := int64(0); i < width; i++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, at+i))
		}
		stored, err := hashes.ReadHashes(indexes) // authenticates the tiles against the root
		if err != nil {
			fail("%v", err)
		}
		for i, entry := range entries(folder, at/256, width) {
			if tlog.RecordHash(entry) != stored[i] {
				fail("entry %d is not what its leaf hash says", at+int64(i))
			}
		}
	}
	for _, n := range []int64{0, tree.N / 2, tree.N - 1} {
		if tree.N == 0 {
			break
		}
		leaf, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, n)})
		if err != nil {
			fail("%v", err)
		}
		proof, err := tlog.ProveRecord(tree.N, n, hashes)
		if err != nil || tlog.CheckRecord(proof, tree.N, tree.Hash, n, leaf[0]) != nil {
			fail("inclusion of %d: %v", n, err)
		}
	}
	fmt.Printf("OK %d\n", tree.N)
}
