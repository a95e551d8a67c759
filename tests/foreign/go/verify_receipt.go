// SPDX-License-Identifier: Apache-2.0

// verify_receipt VKEY FILE [LEAF]: checks a receipt (c2sp.org/tlog-proof) with golang.org/x/mod. LEAF is the
// 66-byte leaf or its 32-byte hash in hex; without it the leaf in the receipt's own extra is used, and then
// salt and entry must open its commitment too.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func fail(format string, args ...interface{}) {
	fmt.Fprintf(os.Stderr, "verify_receipt: "+format+"\n", args...)
	os.Exit(1)
}

func check(err error, what string) {
	if err != nil {
		fail("%s: %v", what, err)
	}
}

// leafOf gives the leaf hash from the extra, after opening the commitment.
func leafOf(extra string) tlog.Hash {
	raw, err := base64.StdEncoding.Strict().DecodeString(extra)
	check(err, "extra")
	var opening struct {
		V                 int
		Leaf, Salt, Entry []byte
	}
	check(json.Unmarshal(raw, &opening), "extra")
	if opening.V != 1 || len(opening.Leaf) != 66 || len(opening.Salt) != 32 {
		fail("extra: wrong shape")
	}
	commit := sha256.Sum256(bytes.Join([][]byte{{0x10}, opening.Salt, opening.Entry}, nil))
	if !bytes.Equal(commit[:], opening.Leaf[34:]) {
		fail("the entry is not what the leaf commits to")
	}
	return tlog.RecordHash(opening.Leaf)
}

func givenLeaf(text string) tlog.Hash {
	raw, err := hex.DecodeString(text)
	check(err, "leaf")
	var hash tlog.Hash
	switch len(raw) {
	case 66:
		return tlog.RecordHash(raw)
	case 32:
		copy(hash[:], raw)
		return hash
	}
	fail("leaf: it has %d bytes", len(raw))
	return hash
}

func main() {
	if len(os.Args) < 3 || len(os.Args) > 4 {
		fail("usage: verify_receipt VKEY FILE [LEAF]")
	}
	verifier, err := note.NewVerifier(os.Args[1])
	check(err, "key")
	raw, err := os.ReadFile(os.Args[2])
	check(err, "file")
	parts := strings.SplitN(string(raw), "\n\n", 2)
	if len(parts) != 2 {
		fail("no checkpoint")
	}
	lines := strings.Split(parts[0], "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" || len(lines) < 2 {
		fail("not a tlog-proof")
	}
	lines = lines[1:]
	extra := ""
	if strings.HasPrefix(lines[0], "extra ") && len(lines) > 1 {
		extra, lines = lines[0][6:], lines[1:]
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "index "), 10, 64)
	check(err, "index")
	var proof tlog.RecordProof
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		check(err, "path")
		proof = append(proof, hash)
	}
	signed, err := note.Open([]byte(parts[1]), note.VerifierList(verifier))
	check(err, "checkpoint")
	body := strings.Split(signed.Text, "\n")
	if len(body) < 4 || body[0] != verifier.Name() {
		fail("checkpoint: wrong origin or shape")
	}
	size, err := strconv.ParseInt(body[1], 10, 64)
	check(err, "size")
	root, err := tlog.ParseHash(body[2])
	check(err, "root")
	var leaf tlog.Hash
	if len(os.Args) == 4 {
		leaf = givenLeaf(os.Args[3])
	} else {
		leaf = leafOf(extra)
	}
	check(tlog.CheckRecord(proof, size, root, index, leaf), "inclusion")
	fmt.Printf("OK %d of %d\n", index, size)
}
