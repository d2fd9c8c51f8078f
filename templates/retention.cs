<?cs # retention.cs: which backups stay, for how long, and what that means for those that are there ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<?cs def:number(f, name, label, hint) ?><?cs call:input(f, name, label, hint, "number") ?><?cs /def ?>
<p class="lead"><?cs if:of_environment ?>This environment <?cs else ?>What inherits from here <?cs /if ?><strong><?cs var:now.words ?></strong> <span class="muted">(<?cs if:now.own ?>set here<?cs else ?>inherited from <?cs var:now.origin ?><?cs /if ?>)</span><?cs if:subcount(apart) ?>, but for the backups of schedules with keeps of their own: <?cs each:s = apart ?><?cs if:!first(s) ?>; <?cs /if ?>“<?cs var:s.name ?>” <?cs var:s.words ?><?cs /each ?><?cs elif:some_apart ?>, but for the backups of schedules with keeps of their own<?cs /if ?>.</p>
<p class="muted"><?cs var:now.small_print ?> What goes lies in the trash first and can be put back from there.<?cs if:zone ?> Days are those of <?cs var:zone ?>.<?cs /if ?></p>
<?cs if:paused ?><div class="notice is-warn"><?cs call:icon("cancelled") ?><p>The environment is paused: nothing of it is deleted until it is resumed.</p></div>
<?cs /if ?><?cs if:warning ?><div class="notice is-warn" role="alert"><?cs call:icon("warning") ?><p><?cs var:warning ?>.</p></div>
<?cs /if ?><?cs if:may_change ?><form class="panel narrow" method="post" action="<?cs var:base ?>/retention"><?cs call:secret() ?>
<div class="field<?cs if:preset.error ?> is-faulty<?cs /if ?>" id="preset" tabindex="-1"><fieldset><legend>Which backups stay</legend><?cs if:preset.error ?><p class="fault"><?cs call:icon("failed") ?><?cs var:preset.error ?></p><?cs /if ?>
<div class="pick"><input type="radio" id="preset-inherit" name="preset" value="inherit"<?cs if:preset.inherit ?> checked<?cs /if ?> aria-describedby="preset-inherit-hint"><label for="preset-inherit">As inherited</label><p class="hint" id="preset-inherit-hint"><?cs var:inherited.words ?>, from <?cs var:inherited.origin ?></p></div>
<?cs call:radio("preset", "calendar", "7 daily, 4 weekly, 12 monthly", "On-demand ones 30 days, then the newest 3", preset.calendar) ?>
<?cs call:radio("preset", "last", "The newest ones", "", preset.last) ?>
<?cs call:number(last_n, "last_n", "How many", "") ?>
<?cs call:radio("preset", "days", "A number of days", "", preset.days) ?>
<?cs call:number(days_n, "days_n", "How many days", "") ?>
<?cs call:radio("preset", "forever", "All, for ever", "Scheduled and on-demand ones; failed and safety backups still go", preset.forever) ?>
<?cs call:radio("preset", "own", "Numbers of your own", "Those below; a backup stays while any of them keeps it", preset.own) ?></fieldset></div>
<details class="more"<?cs if:preset.own ?> open<?cs /if ?>><summary>Numbers of your own</summary><div>
<?cs call:number(keep_last, "keep_last", "The newest", "1 to 1000; empty: none") ?>
<?cs call:number(keep_days, "keep_days", "Everything of the last days", "1 to 3650") ?>
<?cs call:number(hourly, "hourly", "Hourly", "The newest of each of so many hours that have one") ?>
<?cs call:number(daily, "daily", "Daily", "") ?>
<?cs call:number(weekly, "weekly", "Weekly", "") ?>
<?cs call:number(monthly, "monthly", "Monthly", "") ?>
<?cs call:number(yearly, "yearly", "Yearly", "") ?>
<fieldset><legend>On-demand backups</legend>
<?cs call:radio("demand", "stays", "Stay until somebody deletes them", "", demand.stays) ?>
<?cs call:radio("demand", "own", "Have numbers of their own", "", demand.own) ?>
<?cs call:radio("demand", "together", "Count together with the scheduled ones", "", demand.together) ?></fieldset>
<?cs call:number(demand_days, "demand_days", "On-demand ones stay for days", "") ?>
<?cs call:number(demand_last, "demand_last", "And then while among the newest", "") ?>
<?cs call:number(failed, "failed", "Failed, damaged and suspicious ones stay for days", "14 when empty") ?>
<?cs call:number(safety, "safety", "Safety backups stay for days", "7 when empty") ?>
<?cs call:number(min_age, "min_age", "No backup goes before hours", "24 when empty") ?>
<?cs call:number(min_good, "min_good", "Good backups of each service that never go", "1 when empty") ?>
<?cs call:text(max_total, "max_total", "At most this much in all", "500MB, 20GB; the oldest go first") ?></div></details>
<?cs if:looked && saving ?><div class="notice is-bad"><?cs call:icon("warning") ?><div><p><strong><?cs var:saving ?>.</strong> They can be put back from the trash for a time.</p><input type="hidden" name="list" value="<?cs var:list ?>">
<?cs call:number(typed, "typed", "Type " + go_count, "The number of backups that go") ?></div></div>
<?cs elif:looked ?><div class="notice is-good" role="status"><?cs call:icon("ok") ?><p>Saving this deletes nothing now.</p></div>
<?cs /if ?><div class="actions"><button type="submit" class="button" name="do" value="look">Show what would go</button> <button type="submit" class="button is-primary" name="do" value="save">Save</button> <a class="button is-quiet" href="<?cs var:base ?>/policies">Other policies</a></div>
</form>
<?cs /if ?><?cs if:of_environment ?><h2><?cs if:looked ?>With the new rule: <?cs var:new.words ?><?cs else ?>What it means for the backups that are there<?cs /if ?></h2>
<?cs if:subcount(rows) ?><table class="list" role="table" aria-label="Backups and how long they stay">
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Backup</th><th role="columnheader" scope="col">Taken</th><th role="columnheader" scope="col">Status</th><th role="columnheader" scope="col" class="num">Size</th><th role="columnheader" scope="col">Stays?</th><th role="columnheader" scope="col">Why, and until when</th></tr></thead>
<tbody role="rowgroup">
<?cs each:r = rows ?><tr role="row"><th role="rowheader" scope="row" data-label="Backup"><span><a href="<?cs var:r.href ?>"><?cs var:r.id ?></a> <span class="muted"><?cs var:r.kind ?></span></span></th><td role="cell" data-label="Taken"><span class="stamp"><?cs call:time(r.taken) ?></span></td><td role="cell" data-label="Status"><?cs call:state(r.state) ?></td><td role="cell" class="num" data-label="Size"><?cs call:size(r.size) ?></td><td role="cell" data-label="Stays?"><?cs if:r.goes ?><span class="state is-bad"><?cs call:icon("trash") ?>Goes</span><?cs else ?><span class="state is-good"><?cs call:icon("keep") ?>Stays</span><?cs /if ?></td><td role="cell" class="wide" data-label="Why"><?cs var:r.why ?></td></tr>
<?cs /each ?></tbody></table>
<?cs if:rows_left ?><p class="muted">And <?cs var:rows_left ?> older ones.</p>
<?cs /if ?><?cs else ?><p class="muted">There are no backups yet.</p>
<?cs /if ?><?cs else ?><h2>Environments that inherit from here</h2>
<?cs if:subcount(shares) ?><table class="list" role="table" aria-label="Environments that inherit from here">
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Environment</th><th role="columnheader" scope="col" class="num">Go</th><th role="columnheader" scope="col" class="num">Size of these</th><th role="columnheader" scope="col" class="num">Size of what stays</th></tr></thead>
<tbody role="rowgroup">
<?cs each:s = shares ?><tr role="row"><th role="rowheader" scope="row" data-label="Environment"><a href="<?cs var:s.href ?>"><?cs var:s.label ?></a></th><td role="cell" class="num" data-label="Go"><?cs var:s.goes ?></td><td role="cell" class="num" data-label="Size of these"><?cs call:size(s.bytes) ?></td><td role="cell" class="num" data-label="Size of what stays"><?cs call:size(s.stays) ?></td></tr>
<?cs /each ?></tbody></table>
<?cs else ?><p class="muted">None: each has a rule of its own, or there is none yet.</p>
<?cs /if ?><?cs /if ?><p class="muted"><a href="/help/storage">How long backups stay</a></p>
<?cs include!"foot.cs" ?>
