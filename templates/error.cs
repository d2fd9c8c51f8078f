<?cs # error.cs: what failed, and what a person can do ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<p class="lead"><?cs var:error.sentence ?></p>
<?cs if:error.advice ?><p><?cs var:error.advice ?></p>
<?cs /if ?><p class="muted">Error <?cs var:error.status ?>, request <code><?cs var:page.request ?></code>.</p>
<?cs if:!error.link ?><div class="actions"><?cs if:page.user.email ?><a class="button is-primary" href="/">Overview</a> <a class="button" href="/projects">Projects</a> <a class="button" href="/jobs">Jobs</a><?cs else ?><a class="button is-primary" href="/login<?cs var:error.next ?>"<?cs if:error.next ?> target="_blank"<?cs /if ?>>Sign in</a><?cs /if ?></div>
<?cs /if ?><?cs include!"foot.cs" ?>
