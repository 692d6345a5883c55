package script

import (
	"slices"
	"strings"
)

// shells are the functions that run a command, by the last part of their names.
var shells = []string{"system", "popen", "run", "call", "check_call", "check_output", "popen2", "popen3", "getoutput", "getstatusoutput", "exec", "execsync", "spawn", "spawnsync", "execfile", "execfilesync",
	"shell_exec", "passthru", "proc_open", "capture2", "capture2e", "capture3", "getexecoutput", "create_subprocess_shell", "create_subprocess_exec", "execvp", "execv", "sh", "backtick", "execa", "$", "pcntl_exec",
	"command", "execacommand", "execasync", "execpromise", "start-process"}

// evaluators are the functions that run a text in the program's own language.
var evaluators = []string{"exec", "eval", "Function", "vm.runInThisContext", "vm.runInNewContext", "vm.runInContext", "instance_eval", "class_eval", "module_eval", "assert", "create_function", "compile", "eval_r", "builtins.exec",
	"builtins.eval", "__builtins__.exec", "globalThis.eval", "window.eval", "global.eval", "Kernel.eval", "setTimeout", "setInterval", "execfile", "runpy.run_path", "Module._compile", "._compile", "scriptblock.create"}

// runs runs what a program runs: a command by the shell, or a text in its own language.
func (r *source) runs(name string, recv value, args arguments) (value, bool) {
	if len(args.list) == 0 && len(args.named) == 0 {
		return value{}, false
	}
	last := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	own := slices.Contains(evaluators, name) && !(name == "exec" && (r.d.name == "perl" || r.d.name == "ruby" || r.d.name == "php")) && recv.text == ""
	if own && len(args.list) > 0 && args.list[0].fn == nil {
		if name == "Function" || name == "create_function" {
			args.list = args.list[len(args.list)-1:]
		}
		v := args.list[0]
		if strings.HasPrefix(name, "set") && plain(v.text) && len(v.undone) == 0 {
			return value{}, false
		}
		if name == "compile" {
			return v, true
		}
		r.runText(r.lang, v, name)
		return value{name: "run"}, true
	}
	command := slices.Contains(shells, last)
	lower := strings.ToLower(name)
	switch {
	case !command:
		return value{}, false
	case recv.text != "" && recv.kind == "", strings.HasPrefix(name, ".") && recv.kind == "":
		return value{}, false // a pattern's exec
	case (last == "run" || last == "call" || last == "command" || last == "sh") && !strings.HasPrefix(lower, "subprocess") && !strings.HasPrefix(lower, "child_process") && !strings.HasPrefix(lower, "sp.") && lower != "run":
		return value{}, false
	}
	return r.shell(firstOf(args), args.list[min(1, len(args.list)):], name), true
}

func firstOf(args arguments) value {
	if len(args.list) > 0 {
		return args.list[0]
	}
	v, _ := value{fields: args.named}.field("args", "command", "cmd")
	return v
}

// maxRuns bounds the commands that one program runs: each sees the whole environment anew.
const maxRuns = 500

// shell runs a command with its arguments, and gives what it prints.
func (r *source) shell(command value, rest []value, by string) value {
	var words []string
	switch {
	case command.isList:
		words = command.list
	case len(rest) > 0 && rest[0].isList:
		words = append([]string{r.as(command)}, rest[0].list...)
	case len(rest) > 0 && (r.d.name == "perl" || r.d.name == "ruby") && r.as(rest[0]) != "":
		words = []string{r.as(command)}
		for _, a := range rest {
			words = append(words, r.as(a))
		}
	}
	if r.ran++; r.ran > maxRuns {
		r.st.problem("the program runs more commands than are followed")
		return value{}
	}
	if r.st.payloads >= maxPayloadDepth {
		r.st.problem("texts run texts deeper than this program follows")
		return value{}
	}
	line := r.st.line
	r.look(len(r.env) * costOfPut)
	out := r.st.captured(func() {
		for name, text := range r.env {
			r.st.frame.put(name, variable{texts: []string{text}, exported: true})
		}
		if len(words) > 0 {
			c := call{args: slices.Clone(words), lines: slices.Repeat([]int{line}, len(words))}
			r.st.dispatch([]call{c})
			return
		}
		r.st.runText(r.as(command), programOf(by), &call{name: programOf(by)})
	})
	r.st.line = line
	return textOf(out[len(out)-1])
}

// runText runs a text in a language, and tells it as a payload where it does not stand in the script as it is.
func (r *source) runText(lang string, v value, by string) {
	text := r.as(v)
	trimmed := strings.TrimSpace(text)
	if trimmed == "" || r.seen[trimmed] {
		return
	}
	r.seen[trimmed] = true
	if len(v.undone) > 0 && r.st.decoded[trimmed] == nil && plain(trimmed) {
		r.st.decoded[trimmed] = v.undone
	}
	if len(v.undone) > 0 && !plain(text) {
		r.st.payload(Payload{Encodings: v.undone, Text: r.st.show(trimmed), Program: programOf(by)})
	}
	if lang == r.lang && speaksShell(trimmed) {
		lang = ""
	}
	line := r.st.line
	r.st.runCode(lang, text, &call{name: programOf(by)})
	r.st.line = line
}

// speaksShell reports a text that is a shell's, whatever runs it: a decoded one whose runner was not seen.
func speaksShell(text string) bool {
	first, _, _ := strings.Cut(text, " ")
	return strings.HasPrefix(text, "#!/bin/") || strings.HasPrefix(text, "#!/usr/bin/env bash") || slices.Contains([]string{"curl", "wget", "bash", "sh", "sudo", "printenv", "env", "nc"}, first)
}

// files reads and writes files as a program does; false for other calls.
func (r *source) files(name string, recv value, args arguments) (value, bool) {
	last := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	path := ""
	if len(args.list) > 0 {
		path = r.as(args.list[0])
	}
	if v, ok := r.onFile(last, path, recv); ok {
		return v, true
	}
	switch last {
	case "open", "path", "file":
		if strings.Contains(path, "://") || path == "" {
			return value{}, false
		}
		if r.d.name == "perl" && len(args.list) > 1 {
			return r.perlOpen(args), true
		}
		switch name {
		case "open", "io.open", "File.open", "Path", "pathlib.Path", "codecs.open", "fs.open", "Bun.file", "fopen":
			v := value{text: r.st.read(path), file: path}
			for _, a := range args.list {
				if a.fn != nil {
					r.apply(a.fn, []value{v}, nil)
				}
			}
			return v, true
		}
	case "readfilesync", "readfile", "file_get_contents", "readalltext", "readallbytes", "readtextfile", "readalllines", "readtextfilesync", "fgets", "stream_get_contents", "fread":
		if path != "" && !strings.Contains(path, "://") {
			if args.list[0].file != "" {
				return textOf(path), true
			}
			out := textOf(r.st.read(path))
			for _, a := range args.list {
				if a.fn != nil {
					r.apply(a.fn, []value{{name: "null"}, out}, nil)
				}
			}
			return out, true
		}
	case "read", "binread", "readlines", "slurp":
		if name == "File.read" || name == "IO.read" || name == "File.binread" || name == "File.readlines" {
			return textOf(r.st.read(path)), true
		}
	}
	return r.writes(name, last, path, args)
}

// onFile calls a method of a file that is open.
func (r *source) onFile(last, path string, recv value) (value, bool) {
	if recv.file == "" {
		return value{}, false
	}
	switch last {
	case "read", "readlines", "readline", "read_text", "read_bytes", "text", "readall":
		return textOf(r.st.read(recv.file)), true
	case "write", "writelines", "write_text", "write_bytes", "puts", "print":
		r.st.writeAny(recv.file, []string{path}, true, false)
		return value{}, true
	case "open", "resolve", "expanduser", "absolute":
		return recv, true
	}
	return value{}, false
}

// writes calls a function that writes a file at once.
func (r *source) writes(name, last, path string, args arguments) (value, bool) {
	switch last {
	case "writefilesync", "appendfilesync", "writefile", "appendfile", "file_put_contents", "writealltext", "fwrite", "fputs":
		if len(args.list) > 1 {
			target := path
			if args.list[0].file != "" {
				target = args.list[0].file
			}
			r.told("")
			r.st.writeAny(target, []string{r.as(args.list[1])}, !strings.HasPrefix(last, "write") && last != "file_put_contents", false)
			return value{}, true
		}
	case "write":
		if (name == "File.write" || name == "IO.write") && len(args.list) > 1 {
			r.st.writeAny(path, []string{r.as(args.list[1])}, false, false)
			return value{}, true
		}
	}
	return value{}, false
}

// perlOpen opens a file into a variable: open(my $f, "<", $path), open($f, "<$path").
func (r *source) perlOpen(args arguments) value {
	last := r.as(args.list[len(args.list)-1])
	path := strings.TrimLeft(last, "<>+ ")
	v := value{text: r.st.read(path), file: path}
	if len(args.list) == 2 && strings.HasSuffix(last, "|") {
		v = r.shell(textOf(strings.TrimSuffix(last, "|")), nil, "open")
	} else if len(args.list) > 2 && strings.Contains(r.as(args.list[1]), "-|") {
		v = r.shell(args.list[2], args.list[3:], "open")
	}
	if from := args.list[0].from; from != "" {
		r.put(from, v)
	}
	return v
}
