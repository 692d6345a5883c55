package script

import (
	"encoding/base64"
	"encoding/hex"
)

func enc64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func hexed(s string) string { return hex.EncodeToString([]byte(s)) }
