<?cs # help.cs: the help pages: the list, or one topic ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<div class="prose">
<?cs if:help.topic.backups ?>
<p class="lead">A backup is one act: it takes some or all services of one environment, at one point in time, with one note.</p>
<h2>What it holds</h2>
<ul>
<li><strong>Databases</strong>: the dump of the vendor's own tool. PostgreSQL gives its custom format (read it with <code>pg_restore</code>), SQLite a copy of the database file made while it may be in use.</li>
<li><strong>Media</strong>: the files below the folders you named, as a tar, with a manifest that lists each file with size and SHA-256. Symbolic links are kept as links.</li>
</ul>
<h2>What is not backed up</h2>
<ul>
<li>What is no service here: the code of the application, the server's own configuration, mail boxes. Services you did not tick.</li>
<li>What an exclude pattern names, and sockets, FIFOs and devices.</li>
<li>Files that could not be read. They are counted as warnings and named in the log, never left out silently. A file that changed while it was read is in the backup, with a warning.</li>
<li>Roles, tablespaces and settings of a PostgreSQL server that lie outside the database.</li>
</ul>
<p>Services are read one after the other while the application goes on. Each database is of one instant, but a file may be a little newer than the row that names it.</p>
<h2>How long it stays</h2>
<p>As long as the rule of retention says, which the page Retention of each environment shows, and then some days in the trash. <a href="/help/storage">Storage and retention</a> has the details.</p>
<h2>When it is ready</h2>
<p>Every program that took part ended without an error, the dump carries the engine's own end mark, and the stored bytes were read back and compared. Before that, nothing is listed as a backup. A backup that fails leaves the earlier ones untouched.</p>
<p>Verify reads everything again later, decrypts and decodes it, and compares it with the SHA-256 noted when the backup was made; of files, each single one is hashed, and one that differs is named. Without the secret key only the stored bytes are compared. When nobody asked for it, a pack of an older backup that was read less than a day ago is not read again.</p>
<h2>What is stored</h2>
<p>Every backup is a full one: it can be restored, downloaded and deleted by itself, whichever others are there or gone. Files that have not changed since the last backup of their service are neither read nor stored again, so most backups of files add little: what a page calls stored is what this one added. What older ones stored stays until no backup needs it. Should a stored file be found damaged, every backup that needs it is marked, and the next one stores everything anew.</p>
<?cs elif:help.topic.downloads ?>
<p class="lead">Prepare download unpacks what you choose into files of the usual formats, then mails you a link.</p>
<ul>
<li>A database comes as the vendor's own file. Media comes as tar, tar.gz, tar.zst or zip, with <code>MANIFEST</code> and <code>SHA256SUMS</code> first.</li>
<li>The link works without signing in, so treat the mail like the files themselves. It ends by itself after a day, or when you revoke the download.</li>
<li>Opening the page of a link spends nothing, so the scanners of mail systems do no harm. A use is counted when a file was delivered to its last byte; an interrupted download can go on where it stopped.</li>
<li>Somebody who asks for the same content again gets the files that are ready.</li>
</ul>
<h2>A few files of a backup</h2>
<p>Browse files, on the page of a backup, shows what it holds: folder by folder, by name, size or time, and a search through all that is below. What you tick there can be restored or downloaded without the rest; one file alone comes as it is, several come as an archive. A name that cannot be typed is shown with <code>\ooo</code> for its odd bytes; take the folder that it is in.</p>
<p>The list is read from the storage when somebody looks for the first time, and stays on this server for a week. Everybody who may see a backup may see the names in it; what is in the files needs the right to download or to restore.</p>
<h2>On the command line</h2>
<p>On the server, <code>lazarette backup list</code> prints what there is and <code>lazarette backup download b101</code> writes its files into the folder where you are; <code>--print-url</code> prints links for another machine instead, each good for one download. See <code>man lazarette</code>.</p>
<h2>Two backups compared</h2>
<p>Compare with, on the page of a backup and of its files, shows what changed from an older backup to a newer one: which files came, went or are different, by name or by how much they grew or shrank, and of databases which tables came and went and how many rows they had. The other one is the backup before, or any you choose; that of another environment can be one, where its services have the same names. A file that has only another time is counted apart, and shown when you ask for it. Of the rows of a table only their number is compared.</p>
<h2>Check what you got</h2>
<pre data-copy="Command"><code>sha256sum FILE        # compare with the mail or the page
tar -xf FILE.tar.zst &amp;&amp; sha256sum -c SHA256SUMS</code></pre>
<?cs elif:help.topic.services ?>
<p class="lead">A project is one web application. It has environments (live, staging, development), and each of these has services: the things to back up.</p>
<h2>PostgreSQL</h2>
<p>Host, port, database, user and password. Reading rights on all tables are enough. The version of <code>pg_dump</code> on this server must not be older than that of the database server; the connection test tells, and names the package to install.</p>
<h2>SQLite</h2>
<p>The absolute path of the database file. The copy is made by SQLite's own backup interface while the application goes on.</p>
<h2>Files</h2>
<p>One or several absolute folders, one per line, and patterns of what to leave out: <code>*.tmp</code> matches a name anywhere, <code>cache/</code> a folder with all it holds, <code>/thumbs/*</code> is tied to the top.</p>
<h2>Passwords</h2>
<p>They are sealed when you save them. These pages can never show them again; only the worker can open them, at the moment of use. An empty password field leaves the stored one as it is. <code>lazarette admin secret-key rotate</code>, on the server, changes the key for all of them; none has to be entered again.</p>
<?cs elif:help.topic.states ?>
<p class="lead">A state is a word, a sign and a colour. The word alone is enough.</p>
<h2>Environments</h2>
<dl class="facts">
<dt>Protected</dt><dd>The last backup is good, and the next one is scheduled. Services that no schedule takes are named beside it.</dd>
<dt>Late</dt><dd>A scheduled backup did not come yet; for a quarter of the time between two runs, 30 minutes at least and 6 hours at most, nobody counts it as lost.</dd>
<dt>At risk</dt><dd>The last backup failed or is damaged, a scheduled one did not come, the newest good one is older than allowed, an alarm is open, or nothing is scheduled: the sentence beside it says which.</dd>
<dt>Suspicious</dt><dd>The last backup is there and whole, but its size or contents are not what the ones before had.</dd>
<dt>No backup yet</dt><dd>Nothing has been backed up. That counts as a risk, too.</dd>
<dt>Paused</dt><dd>Somebody paused it; no backups are taken.</dd>
</dl>
<h2>Backups</h2>
<dl class="facts">
<dt>Queued, Running</dt><dd>Being made. It can be cancelled on the page of its job.</dd>
<dt>Ready</dt><dd>Complete, stored, read back and compared.</dd>
<dt>Ready, with warnings</dt><dd>As Ready, but single files could not be read or changed meanwhile. The log names them.</dd>
<dt>Failed</dt><dd>Nothing of it is kept. Its page shows the reason in the words of the tool that failed.</dd>
<dt>In the trash</dt><dd>Deleted by a person or by the rule, and can be put back for some days: its page says how long.</dd>
<dt>Damaged, Missing</dt><dd>A later look at the storage found changed bytes, or none.</dd>
</dl>
<?cs elif:help.topic.restore ?>
<p class="lead">Restore puts a backup, or a part of it, into an environment: the one it came from, or another. You choose what, then where; then you see what will change, and decide.</p>
<h2>What is safe</h2>
<ul>
<li>Nothing is changed before you confirm on the last page. Until then the target is only looked at.</li>
<li>Everything is built beside the target first, from a copy whose every byte is compared with what was noted when the backup was made. Only when all of it is whole and checked is it switched in, each part in one step of its own. When a part cannot be switched, those before it are switched back. When anything fails before that, the target is as it was.</li>
<li>The target is backed up first, unless you take the tick away. When this safety backup fails, the restore does not begin.</li>
<li>No target is ever chosen for you, and a live one only by an administrator who types its name. If the last sign-in is older than 15 minutes, the password is asked for, too. Beside a target, where nothing is overwritten, both are asked for when real data is signed off.</li>
</ul>
<h2>Modes</h2>
<dl class="facts">
<dt>Replace</dt><dd>What is there is taken away; afterwards the target equals the backup. What was changed since the backup was taken is lost, and the page says how much that is.</dd>
<dt>Add on top</dt><dd>Existing rows and files stay; what the backup has comes on top. In PostgreSQL a row whose key is there already is left as it is (without a key: a row that is the same in every column), and tables, types and functions that are missing are made. In SQLite a row that is there twice makes the restore fail as a whole. A database is changed as a whole or not at all. Files come one by one: when that fails halfway, some of them are there. And what was added to one part stays when a later part fails. The error says so then, and the safety backup takes it back.</dd>
<dt>New service beside it</dt><dd>Nothing that is in use changes. The backup becomes a service of its own beside the target's, with the same settings: a database, a file or a folder next to it. Look at it, then press Switch on the page of the restore: the two change places in a moment, and back as often as you like. What the application has written in between stays with the one it was written to. The one that is not in use is kept until you remove it. Landing rules run while it is built, the hooks only when you switch. Switching a live environment asks for its name and, if the last sign-in is older than 15 minutes, for the password. Once somebody edits the target’s service, the two cannot be switched any more: restore into a new service once more.</dd>
</dl>
<h2>Only some tables or paths</h2>
<p>Tick “Only these” and name one table or path a line. All others stay as they are.</p>
<p>A table of PostgreSQL is named as its backup lists it, <code>public.orders</code>, or without its schema. Its rows become exactly the backup’s, in one transaction in the running database; a table that is gone is made again, and a partitioned table comes with its partitions. No trigger fires. When rows of other tables would then point to nothing, or columns do not fit, it fails with a sentence that names them, and nothing is changed. Applications cannot write to these tables meanwhile.</p>
<h2>Undo</h2>
<p>After a restore in mode Replace, what was there before is kept beside it for a while; the page of the restore says how large it is and until when it is kept. Undo switches it back in. When it is no longer kept, or after Add on top, the safety backup is restored instead. What was written after the restore is lost; from the safety backup also what was written between that and the restore.</p>
<p>Of chosen paths and chosen tables of PostgreSQL, Undo takes back only these as long as what they were is kept, and of SQLite the whole file. The safety backup always brings the whole service back.</p>
<p>For chosen tables of PostgreSQL the former rows are kept in the database itself, in a schema whose name begins with <code>lazarette_restore_</code>. It goes when they are no longer kept, is in no backup, and nobody but the service’s user can read it.</p>
<h2>Hooks</h2>
<p>An environment can have a hook before and a hook after: programs that the administrator of this server has put into the folder <code>hooks</code> of the instance. The first stops the application, say, and the second starts it again. When the first fails, nothing is changed; the second runs also when the restore fails in between.</p>
<p>Data comes back, code does not. A third hook can print which commit or version runs: it is kept with each backup, and before a restore the page says when the data is from other code than runs in the target. Migrate the data in the hook after, or roll the code back, too.</p>
<h2>Landing rules</h2>
<p>Live data holds real people. When it goes into an environment that is not live, the landing rules of the target's services run on it before it is opened there: SQL, or a hook, that masks addresses, empties the queue of mails and takes payment keys away. Without such rules the restore is refused, unless an administrator signs it off; that is written to the activity.</p>
<h2>Test restore</h2>
<p>It restores a backup into a scratch place that nothing uses, counts and compares, and removes it again. The result stands beside the backup.</p>
<h2>By hand, without this console</h2>
<p>Every backup opens with ordinary tools. The page of a backup shows the exact lines under “Restore without this console”.</p>
<h3>PostgreSQL</h3>
<pre data-copy="Command"><code>createdb shop_restored
pg_restore --no-owner --exit-on-error -d shop_restored FILE.dump</code></pre>
<h3>SQLite</h3>
<pre data-copy="Command"><code>sqlite3 FILE.sqlite 'PRAGMA integrity_check'
# stop the application, then
mv FILE.sqlite /srv/shop/shop.db</code></pre>
<h3>Media</h3>
<pre data-copy="Command"><code>mkdir restored &amp;&amp; tar -C restored -xf FILE.tar.zst
cd restored &amp;&amp; sha256sum -c SHA256SUMS</code></pre>
<h3>From the storage itself</h3>
<p>The storage holds one folder per project and environment. The files end in <code>.zst</code>; <code>zstd -d</code> opens them. One that ends in <code>.zst.age</code> is encrypted: <code>age -d -i KEY</code> opens it first, where KEY is the file <code>keys/age1….identity</code> of the server or one with the recovery key in it. Many files lie in several packs, <code>….tar.zst</code>, <code>…-2.tar.zst</code> and so on, which are one archive one behind the other. A backup of files needs what older ones of its service have stored, too; the lines on its page take care of that. <code>README.txt</code> at the top of the storage tells the rest. On the server <code>lazarette admin restore --storage NAME b101 --to-dir FOLDER</code> takes a backup out of any storage that the page Storage names; without a catalogue it takes a folder into which you have fetched the storage.</p>
<?cs elif:help.topic.storage ?>
<p class="lead">Backups lie in a storage, one folder per project and environment, in formats that open without this program.</p>
<ul>
<li>The page Retention of an environment, a project or the instance says which backups stay and for how long, with the reason for each. A <a href="/help/schedules">schedule</a> may have keeps of its own; then they hold for its backups, and the page and the reasons name it. When nobody says anything: 7 daily, 4 weekly and 12 monthly; those made on demand 30 days, then the newest 3.</li>
<li>Encryption: a new instance encrypts what it stores, to its own key and to a recovery key that was printed once when it was set up. Keep that one away from the server: without either nobody can open the backups. The page of a storage switches it. If the file <code>keys/age1….identity</code> is taken off the server, backups go on (those of files store everything anew each time); what must read one says which key it needs and where to put it. <code>lazarette admin keys rotate</code> makes a new key and jobs that let it open what lies in the storages already; when they have succeeded, the old key can go.</li>
<li>Signatures: each backup is signed. Verify checks that what lies in the storage is what this instance wrote, in its place, also without any secret key; <code>minisign -V -p lazarette.pub</code> does the same by hand.</li>
<li>The newest good backup of each service never goes. Failed and suspicious ones never count. Keep marks one that no rule takes and nobody deletes by mistake.</li>
<li>What goes lies in the trash first and can be put back, for seven days when nobody says anything else; then the worker removes its files.</li>
<li>When the clock jumps by more than a day, nothing is deleted for a day. Nothing of a paused environment is deleted.</li>
<li>When a storage is full, the job fails with the numbers; the same when its file system has no inodes left for another file, or has become read-only. Pages go on working, and so does the next backup once that is mended.</li>
<li>A storage is a folder of this server, a bucket of an S3-compatible service, or a folder of another machine over SFTP. An administrator adds it, on the page Storage; the secret key is locked up so that only the worker can open it. A bucket must be there before; its key must be allowed to put, get, list and delete objects, and to list and abort multipart uploads.</li>
<li>A bucket is tried again, a few times, when it does not answer or is busy; a job that still fails says what the service said. What an interrupted upload left there is cleared by the worker. An object that the bucket has locked stays until it may go, and is tried once an hour.</li>
<li>An SFTP server shows its key at the first test, and nothing is sent to it, not even the account's name, before an administrator has compared the key and confirmed it on the storage's page. A server that shows another key later is refused until that is done again. The account needs no shell; its folder is made if it is not there. SFTP has no word for "keep this on the disk for good", so a server that loses its power may lose what it got last: what was stored is measured at once, read back after each backup, and looked through each week.</li>
<li>How fast bytes may go to a storage and come from it can be limited on its settings page, each way. All jobs of one machine share the limit: one alone has all of it, several take turns. It holds on average over some seconds; what is read for restores and checks counts as reading.</li>
<li>Backups and what else nobody waits for stand back from other programs of the machine, on the processors and on the disks; restores do not. <code>nice</code> and <code>io_class</code> in lazarette.conf change it. How hard a service is compressed stands in its settings.</li>
<li>A storage in which backups lie cannot be removed. Removing one that holds none deletes nothing in it.</li>
<li>A policy can name further storages: as soon as a backup is ready it is copied there, byte by byte, each copy a job of its own. The page of a backup shows where it lies and how it is there. It is read from its first place while that is healthy, then from folders of this server, then from buckets; the log says which. Each place is verified by the schedule; what is damaged or missing in one is brought from another by itself.</li>
<li>The page of a storage moves what lies in it to another one. Until a backup is whole there it stays where it was.</li>
<li>Which storage new backups go to is a policy. When it changes, older ones stay where they are, and are restored from there.</li>
<li>The page of a storage tests it on demand: a small object is written, read back, listed and removed, and the page says how long each took. It warns when a folder lies on the disk of what it keeps, and says which rule a bucket lacks that has none.</li>
<li>When the catalogue is lost, or an old copy of it was put back, <code>lazarette admin rebuild --storage main</code> makes its backups again from the descriptions in the storage; with <code>--dry-run</code> it only tells. When the whole machine is lost: a new one, the folder <code>keys</code> put back from your copy, <code>lazarette admin init</code>, the first account; a bucket or an SFTP server added on the page Storage as it was (no test is needed, but the key of a server must be confirmed); then, before the first backup, <code>lazarette admin rebuild --storage NAME --adopt</code> on the server: the new instance takes the place of the lost one. Its further storages follow at once, without <code>--adopt</code>. Passwords, schedules, rules and accounts are not in a storage: the command says which passwords to type again. What it takes up stays for seven days at least.</li>
<li>Recovery proves itself: every night (<code>prove_at</code> in <code>lazarette.conf</code>), and when somebody asks on the page of a storage, the catalogue is rebuilt from what lies there into a copy that is thrown away, both are compared, and one backup is opened with the tools that <code>README.txt</code> names. The page says how long that took; what is not equal, or does not open, is told as an alarm.</li>
<li>Prepared downloads are copies. They are removed when they expire.</li>
<li>CSV below a list gives all its rows to a spreadsheet: times in UTC, sizes in bytes. A text that would be computed there has an apostrophe in front.</li>
</ul>
<?cs elif:help.topic.schedules ?>
<?cs include!"part_help_schedules.cs" ?>
<?cs elif:help.topic.worker ?>
<p class="lead">The worker is the program that takes the backups. These pages only write down what it shall do.</p>
<p>When it is silent, jobs wait in the queue. Nothing is lost; they start when the worker does.</p>
<h2>How to fix it</h2>
<pre data-copy="Command"><code>systemctl status lazarette-worker
journalctl -u lazarette-worker -n 50
systemctl restart lazarette-worker</code></pre>
<p>A job whose process died is started again by itself. After the third death it is failed, with the reason on its page. <code>lazarette admin doctor</code> compares the catalogue with the storage.</p>
<?cs elif:help.topic.mail ?>
<p class="lead">A mail goes to the person who asked: when a download is ready or failed, when a backup failed, and when one is done if you ticked “Mail me when done”.</p>
<ul>
<li>A mail that cannot be sent never makes a job fail. The page of the job shows that it is unsent, and why.</li>
<li>It is tried again for 24 hours, at growing intervals.</li>
<li><code>lazarette-worker --mail-test you@example.org</code>, on the server, sends one at once and says what went wrong.</li>
<li>Without a mail server in <code>lazarette.conf</code>, mails are written as files to the folder <code>mail</code> of the instance.</li>
</ul>
<?cs elif:help.topic.notifications ?>
<p class="lead">A channel is told of the events that are chosen for it: by mail, a signed webhook, Slack, Teams, ntfy, or a ping to healthchecks. Channels of the instance hear of every project, those of a project of all its environments, unless switched off there; those of an environment of it alone.</p>
<ul>
<li>A project or an environment can switch off for itself what comes from above: “Not here” on its page of notifications; the list and the page of the channel say where that is so, since when and by whom. The nearest level that says something holds: the environment, then its project. The weekly digest names every environment all the same.</li>
<li>Each thing is told once to each channel. What lasts (a late backup, a full storage) is told when it begins and, with “Recovered” chosen as well, when it is over.</li>
<li>A notice that cannot be sent is tried again after 5 seconds, 5 and 30 minutes, then 2 to 24 hours, ten times in all. It never touches a backup. “Send again” begins anew.</li>
<li>If the worker is killed while one is on its way, it is sent once more: its <code>webhook-id</code> is the same, so the receiver can know it.</li>
<li>A signed webhook follows Standard Webhooks: <code>webhook-signature</code> is <code>v1,</code> and the base64 of HMAC-SHA256 over <code>webhook-id</code>, a dot, <code>webhook-timestamp</code>, a dot and the body; the key is the base64 behind <code>whsec_</code>.</li>
<li>Private addresses are not called unless the host stands under <code>allow_private</code> in <code>lazarette.conf</code>. Redirects are not followed.</li>
<li>The worker cannot tell that it is silent. A healthchecks channel of the instance with “Ping each minute” can. A check that hears of backups, too, is told of their ends alone, and rests from a failed one until a good one: two checks tell the two apart.</li>
<li>Mondays at 08:00 a digest tells how each environment stands, worst first, also when nothing happened.</li>
</ul>
<?cs elif:help.topic.keyboard ?>
<p class="lead">Keys work when you are not typing into a field.</p>
<dl class="facts">
<dt><kbd>g</kbd> <kbd>o</kbd></dt><dd>Overview</dd>
<dt><kbd>g</kbd> <kbd>p</kbd></dt><dd>Projects</dd>
<dt><kbd>g</kbd> <kbd>j</kbd></dt><dd>Jobs</dd>
<dt><kbd>g</kbd> <kbd>h</kbd></dt><dd>Help</dd>
<dt><kbd>c</kbd></dt><dd>Create backup, on the pages of an environment</dd>
<dt><kbd>/</kbd></dt><dd>Search, where there is a search field</dd>
<dt><kbd>Esc</kbd></dt><dd>Close a menu</dd>
<dt><kbd>?</kbd></dt><dd>This page</dd>
</dl>
<?cs else ?>
<p class="lead">Lazarette backs up the databases and files of web applications, and gives them back.</p>
<?cs /if ?>
</div>
<?cs if:subcount(help.topic) ?><h2>Other topics</h2>
<?cs /if ?><ul class="topics grid">
<?cs each:topic = help.topics ?><?cs if:!topic.current ?><li class="card"><p class="title"><a href="/help/<?cs var:topic.name ?>"><?cs var:topic.title ?></a></p><p><?cs var:topic.about ?></p></li>
<?cs /if ?><?cs /each ?></ul>
<?cs include!"foot.cs" ?>
